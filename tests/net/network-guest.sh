#!/bin/bash
# SPDX-License-Identifier: MIT
# Networks built on the guest's kernel, with netem: delay, loss, duplication and rate as asked for, read back from the
# kernel, and a difference found. Boots User-Mode Linux; the cases are in tests/tools/network_test.c.
. "$(dirname "$0")/../lib.sh"
need_guest
tools=${GN_TOOLS:-$top/build/plain/tests/tools}

cat >"$work/init" <<INIT
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
{
	"$tools/load_modules" sch_netem veth bridge nf_tables &&
		"$tools/network_test" lan tree routed faults missing delay loss duplicate rate verify shaped_faults refused shaped
	echo "exit status \$?"
} >"$work/out" 2>&1
echo o >/proc/sysrq-trigger
sleep 10
INIT
chmod +x "$work/init"
timeout 300 linux.uml mem=512M root=/dev/root rootfstype=hostfs rootflags=/ rw init="$work/init" con=null \
	con0=null,fd:2 ssl=null quiet uml_dir=/proc/ </dev/null >"$work/console" 2>&1
cat "$work/out"
check "the guest ran all cases" grep -qx 'exit status 0' "$work/out"
finish
