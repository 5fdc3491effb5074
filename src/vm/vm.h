/* SPDX-License-Identifier: MIT */
/*
 * The guest: a User-Mode Linux kernel, run as an ordinary process of this user, whose init is this
 * program. The host's file system is its root.
 *
 * The kernel runs below a keeper process, in a PID namespace of its own where this user may make one:
 * whatever way this process ends, kill -9 included, the kernel and its processes end with it.
 */
#ifndef GN_VM_VM_H
#define GN_VM_VM_H

#include "vm/channel.h"

struct gn_vm;

struct gn_vm_options {
	const char *program;  /* the guest's init; NULL: this program */
	const char *argument; /* its first argument, without blanks: "guest" */
	uint32_t nodes;	      /* the guest's memory is sized for this many */
	bool plain;	      /* for tests: as where no namespaces may be made */
};

/* Is there a guest kernel? Return: 0; -ENOENT: @err says which package to install. */
int gn_vm_available(struct gn_err *err);

/* The guest kernel's release, "6.1.x", owned by the caller; as gn_vm_available(). */
int gn_vm_release(char **ret, struct gn_err *err);

/* Does the guest see the host's file at @absolute_path, which may be yet to be made? Its /dev, /proc and /sys are
 * its own. Return: 0, or -EINVAL with a sentence. */
int gn_vm_reaches(const char *absolute_path, struct gn_err *err);

/**
 * gn_vm_start() - start the kernel; returns while it boots.
 * @ret: on success owned by the caller.
 *
 * The guest's HELLO is the first message of the channel; what is sent before waits until then.
 * Return: 0 or -Exxx with a sentence.
 */
int gn_vm_start(const struct gn_vm_options *o, struct gn_vm **ret, struct gn_err *err);

/* Borrowed. -EPIPE on it means that the guest is gone: see gn_vm_death(). */
struct gn_channel *gn_vm_channel(const struct gn_vm *vm);

/* The guest ended without having been asked, or the caller has waited long enough for it to speak: kill what is
 * left of it and say so, with the last lines of its console. Return: -EIO. */
int gn_vm_death(struct gn_vm *vm, struct gn_err *err);

/* Wait up to @patience for the guest to end by itself (after DONE or INTERRUPT), then kill it. Nothing of it
 * is left afterwards. NULL-safe. */
struct gn_vm *gn_vm_stop(struct gn_vm *vm, gn_dur patience);

/* Kill it. NULL-safe, returns NULL. */
struct gn_vm *gn_vm_free(struct gn_vm *vm);

#endif
