#!/bin/bash
# SPDX-License-Identifier: MIT
# Networks changed while they run, on this kernel and, with netem, on the guest's: links down and up, partitions,
# other shapes, a shared rate. Boots User-Mode Linux; the cases are in tests/tools/change_test.c.
. "$(dirname "$0")/../lib.sh"
need_root
need_guest
tools=${GN_TOOLS:-$top/build/plain/tests/tools}

echo "# this kernel"
timeout 100 "$tools/change_test" down partition replace routed || bad=1

echo "# the guest's"
cat >"$work/init" <<INIT
#!/bin/bash
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
{
	"$tools/load_modules" sch_netem veth bridge nf_tables sch_ingress cls_bpf \
		ifb cls_matchall act_mirred &&
		"$tools/change_test" down partition replace routed flight set scheduled shared
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
