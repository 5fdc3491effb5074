/* SPDX-License-Identifier: MIT */
/* The guest's side: this program as init of the guest kernel. */
#ifndef GN_VM_GUEST_H
#define GN_VM_GUEST_H

#include "vm/channel.h"

/**
 * gn_guest_start() - make the guest usable: mounts, modules, limits, the channel to the host.
 * @ret: the channel, HELLO already sent; owned by the caller.
 *
 * Called by init (PID 1); returns in a child of it. Init itself reaps orphans and powers off when that
 * child ends. /proc, /sys and /dev with all below are the guest's own; everything else, /tmp too, is the
 * host's file system (a topology or a result may be anywhere), and files written there reach the host
 * within a second.
 *
 * Return: 0 or -Exxx with a sentence; then, too, the caller's exit powers off.
 */
int gn_guest_start(struct gn_channel **ret, struct gn_err *err);

/* Write everything to the host's file system and power off. Does not return. */
_Noreturn void gn_guest_poweroff(void);

#endif
