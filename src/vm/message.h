/* SPDX-License-Identifier: MIT */
/*
 * What is said over a channel: between the host's main process and the guest, and between
 * `gossipnet exec`, `gossipnet ls` and a running main process.
 *
 * Payloads are strings and numbers as vm/pack.h writes them, unless a line below says "bytes".
 * A session is one running command of `gossipnet exec`; its number comes first in every EXEC message.
 */
#ifndef GN_VM_MESSAGE_H
#define GN_VM_MESSAGE_H

/* Values are part of the protocol between two versions of the program that run at once: append only.
 * "strings": their number as u32, then each. */
enum gn_message_type {
	/* guest: string version, string kernel release; always the guest's first */
	GN_MESSAGE_HELLO = 1,
	/* to the guest: pairs of strings, key and value */
	GN_MESSAGE_JOB,
	/* guest: bytes of a struct gn_status */
	GN_MESSAGE_STATUS,
	/* guest: u32 level, string line */
	GN_MESSAGE_LOG,
	/* to the guest: end the run, keep the result */
	GN_MESSAGE_INTERRUPT,
	/* guest: u32 exit status; it powers off next */
	GN_MESSAGE_DONE,

	/* To the node's side. */

	/* u32 session, string node, u32 terminal (0 or 1), u32 rows, u32 columns, string working folder, strings
	 * command, strings environment */
	GN_MESSAGE_EXEC_START,
	/* u32 session, bytes */
	GN_MESSAGE_EXEC_INPUT,
	/* u32 session */
	GN_MESSAGE_EXEC_INPUT_END,
	/* u32 session, u32 signal */
	GN_MESSAGE_EXEC_SIGNAL,
	/* u32 session, u32 rows, u32 columns */
	GN_MESSAGE_EXEC_RESIZE,
	/* u32 session: the client is gone */
	GN_MESSAGE_EXEC_CLOSE,

	/* Both ways: u32 session, u32 bytes. The reader of a stream (input, or both outputs together) has taken this
	 * many and the writer may send as many more. */
	GN_MESSAGE_EXEC_CREDIT,

	/* To the client's side. */

	/* u32 session, string node; with two descriptors, namespace and hosts file: the client runs the command
	 * itself */
	GN_MESSAGE_EXEC_ENTER,
	/* u32 session, bytes */
	GN_MESSAGE_EXEC_OUTPUT,
	GN_MESSAGE_EXEC_ERROR_OUTPUT,
	/* u32 session, u32 exit status (128 + n after signal n) */
	GN_MESSAGE_EXEC_EXIT,
	/* u32 session, u32 errno, string sentence; the session is over */
	GN_MESSAGE_EXEC_FAILED,

	/* guest: u32 bytes that it has read; the channel keeps it to itself */
	GN_MESSAGE_TAKEN,

	/* asked for without payload; the answer is a struct gn_running, see cmd/control.h */
	GN_MESSAGE_INFO,

	/* guest: without payload, at the end of a run; the answer is a struct gn_machine_figures, see cmd/machine.h */
	GN_MESSAGE_MACHINE,

	/* To the run: u32 session, string: an entry of a schedule, see gn_topology_act(). The answer is ACTED or EXEC_FAILED. */
	GN_MESSAGE_ACT,
	/* u32 session, u64: when it took effect, ns after the run's start */
	GN_MESSAGE_ACTED,

	GN_MESSAGE_END, /* none: one more than the last */
};

/* Bytes that a stream's writer may have under way without credit for more. */
enum { GN_EXEC_WINDOW = 128 * 1024 };

#endif
