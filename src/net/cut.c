/* SPDX-License-Identifier: MIT */
#include "net/cut.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include <sys/syscall.h>

#include "net/message.h"
#include "net/plan.h"

#define PROGRAM_MAX 96 /* instructions */

/*
 * What the programs and this process share are array maps of one element each, written by system calls. A call copies
 * the element in an order of its own, so whatever a program decides by lies within one byte: whether a link is down,
 * which part a node is in, which table is in force. (A map could be mapped into memory; but User-Mode Linux leaves such
 * a mapping in the address space of forked children, where what they map themselves then does not show.)
 *
 * The tables, of which this process keeps a copy:
 *	uint32_t changes[n_links]	how often the link went down or up: odd while it is down
 *	uint8_t part[n_nodes][2]	a node's part, in either of two tables
 */
struct counters {
	uint64_t parted, down; /* packets dropped */
};

/* The partition: these two, and above them its number: never the same twice. */
#define TABLE	 1
#define IN_FORCE 2

struct gn_cut {
	uint32_t n_links, n_nodes;
	int tables, partition, counters, addresses; /* maps */
	int ingress, egress;			    /* programs */
	uint32_t *changes;			    /* the tables */
	uint8_t *part;				    /* in the same memory */
	size_t tables_size;			    /* bytes */
	uint64_t present;			    /* the partition */
};

/* The kernel wants all bytes that it has no use for to be 0; an initializer of a union clears those of one member. */
static void clear(union bpf_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
}

static int bpf(int command, union bpf_attr *attr)
{
	const long r = syscall(__NR_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int refused(struct gn_err *err, int code, const char *what)
{
	gn_nl_fail(err, code, NULL);
	return gn_wrap(err, code, "%s", what);
}

/* On the programs' stack. */
enum { TURNS = -16, ADDRESSES = -8 };
enum { TURNS_MAX = 4 };

/* The programs. A jump's offset holds a label until link_jumps(). */
enum label { PASS, DOWN, PARTED, AGAIN, AT_REST, LABELS };

struct program {
	struct bpf_insn code[PROGRAM_MAX];
	uint32_t n;
	uint32_t labels[LABELS];
};

#define INSN(c, d, s, o, i)                                                                           \
	{                                                                                             \
		.code = (c), .dst_reg = (d), .src_reg = (s), .off = (int16_t)(o), .imm = (int32_t)(i) \
	}
#define ALU(op, dst, value)	      INSN(BPF_ALU64 | BPF_K | (op), dst, 0, 0, value)
#define ALU_REG(op, dst, src)	      INSN(BPF_ALU64 | BPF_X | (op), dst, src, 0, 0)
#define LOAD(size, dst, src, offset)  INSN(BPF_LDX | BPF_MEM | (size), dst, src, offset, 0)
#define STORE(size, dst, offset, src) INSN(BPF_STX | BPF_MEM | (size), dst, src, offset, 0)
#define JUMP(op, dst, value, label)   INSN(BPF_JMP | BPF_K | (op), dst, 0, label, value)
#define JUMP_REG(op, dst, src, label) INSN(BPF_JMP | BPF_X | (op), dst, src, label, 0)
#define CALL(function)		      INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define EXIT()			      INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define MAP(dst, fd)		      INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
/* The address of a byte of the only element of an array. */
#define ADDRESS(dst, fd, offset) \
	INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_VALUE, 0, fd), INSN(0, 0, 0, 0, offset)
#define FIELD(dst, name) LOAD(BPF_W, dst, BPF_REG_6, offsetof(struct __sk_buff, name))

#define EMIT(program, ...)                                      \
	emit(program, (const struct bpf_insn[]){ __VA_ARGS__ }, \
	     sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn))

static void emit(struct program *p, const struct bpf_insn *code, size_t n)
{
	memcpy(&p->code[p->n], code, n * sizeof(*code));
	p->n += (uint32_t)n;
}

/* R6: the packet. R7: how often its link, told by the interface, went down or up. */
static void emit_link(struct program *p, const struct gn_cut *c)
{
	EMIT(p, ALU_REG(BPF_MOV, BPF_REG_6, BPF_REG_1), FIELD(BPF_REG_2, ifindex),
	     ALU(BPF_SUB, BPF_REG_2, gn_plan_index(0, 0)), ALU(BPF_RSH, BPF_REG_2, 1),
	     JUMP(BPF_JGE, BPF_REG_2, c->n_links, PASS), ALU(BPF_LSH, BPF_REG_2, 2),
	     ADDRESS(BPF_REG_1, c->tables, 0), ALU_REG(BPF_ADD, BPF_REG_1, BPF_REG_2),
	     LOAD(BPF_W, BPF_REG_7, BPF_REG_1, 0), JUMP(BPF_JSET, BPF_REG_7, 1, DOWN));
}

/* A packet bears the number of changes from one end to the other, in a field of 16 bits that no namespace clears: who
 * comes with another number was under way when the link went down. */
static void emit_mark(struct program *p)
{
	EMIT(p, STORE(BPF_W, BPF_REG_6, offsetof(struct __sk_buff, tc_index), BPF_REG_7));
}

static void emit_check_mark(struct program *p)
{
	EMIT(p, FIELD(BPF_REG_1, tc_index), ALU(BPF_AND, BPF_REG_7, 0xffff),
	     JUMP_REG(BPF_JNE, BPF_REG_1, BPF_REG_7, DOWN));
}

/* R9: the part of the address at R10 + @offset, by the partition R7. */
static void emit_part(struct program *p, const struct gn_cut *c, int offset)
{
	EMIT(p, MAP(BPF_REG_1, c->addresses), ALU_REG(BPF_MOV, BPF_REG_2, BPF_REG_10),
	     ALU(BPF_ADD, BPF_REG_2, offset), CALL(BPF_FUNC_map_lookup_elem),
	     JUMP(BPF_JEQ, BPF_REG_0, 0, PASS), LOAD(BPF_W, BPF_REG_9, BPF_REG_0, 0),
	     JUMP(BPF_JGE, BPF_REG_9, c->n_nodes, PASS), ALU(BPF_LSH, BPF_REG_9, 1),
	     ALU_REG(BPF_MOV, BPF_REG_1, BPF_REG_7), ALU(BPF_AND, BPF_REG_1, TABLE),
	     ALU_REG(BPF_ADD, BPF_REG_9, BPF_REG_1),
	     ADDRESS(BPF_REG_1, c->tables, c->n_links * sizeof(*c->changes)),
	     ALU_REG(BPF_ADD, BPF_REG_1, BPF_REG_9), LOAD(BPF_B, BPF_REG_9, BPF_REG_1, 0));
}

/* Source and destination of IPv4, one behind the other, to the stack. */
static void emit_addresses(struct program *p)
{
	enum { SOURCE = ETH_HLEN + 12 };

	EMIT(p, FIELD(BPF_REG_1, protocol), JUMP(BPF_JNE, BPF_REG_1, htons(ETH_P_IP), PASS),
	     ALU_REG(BPF_MOV, BPF_REG_1, BPF_REG_6), ALU(BPF_MOV, BPF_REG_2, SOURCE),
	     ALU_REG(BPF_MOV, BPF_REG_3, BPF_REG_10), ALU(BPF_ADD, BPF_REG_3, ADDRESSES),
	     ALU(BPF_MOV, BPF_REG_4, 8), CALL(BPF_FUNC_skb_load_bytes), JUMP(BPF_JNE, BPF_REG_0, 0, PASS));
}

/*
 * Where the network is parted, IPv4 from one part to another ends here. If another partition has come meanwhile, its
 * successor may be filling the table just read: look again, and let nothing pass that never finds it at rest.
 */
static void emit_partition(struct program *p, const struct gn_cut *c)
{
	EMIT(p, ALU(BPF_MOV, BPF_REG_1, 0), STORE(BPF_DW, BPF_REG_10, TURNS, BPF_REG_1));
	p->labels[AGAIN] = p->n;
	EMIT(p, ADDRESS(BPF_REG_1, c->partition, 0), LOAD(BPF_DW, BPF_REG_7, BPF_REG_1, 0),
	     ALU_REG(BPF_MOV, BPF_REG_1, BPF_REG_7), ALU(BPF_AND, BPF_REG_1, IN_FORCE),
	     JUMP(BPF_JEQ, BPF_REG_1, 0, PASS));
	emit_addresses(p);
	emit_part(p, c, ADDRESSES);
	EMIT(p, ALU_REG(BPF_MOV, BPF_REG_8, BPF_REG_9));
	emit_part(p, c, ADDRESSES + 4);
	EMIT(p, ADDRESS(BPF_REG_1, c->partition, 0), LOAD(BPF_DW, BPF_REG_1, BPF_REG_1, 0),
	     JUMP_REG(BPF_JEQ, BPF_REG_1, BPF_REG_7, AT_REST), LOAD(BPF_DW, BPF_REG_1, BPF_REG_10, TURNS),
	     ALU(BPF_ADD, BPF_REG_1, 1), STORE(BPF_DW, BPF_REG_10, TURNS, BPF_REG_1),
	     JUMP(BPF_JLT, BPF_REG_1, TURNS_MAX, AGAIN), JUMP(BPF_JA, 0, 0, PARTED));
	p->labels[AT_REST] = p->n;
	EMIT(p, JUMP_REG(BPF_JNE, BPF_REG_8, BPF_REG_9, PARTED));
}

/* Stolen, not shot: whoever sends is not told, as he is not told of what netem loses. */
static void emit_drop(struct program *p, const struct gn_cut *c, enum label label, size_t counter)
{
	p->labels[label] = p->n;
	EMIT(p, ADDRESS(BPF_REG_1, c->counters, counter), ALU(BPF_MOV, BPF_REG_2, 1),
	     INSN(BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, BPF_REG_2, 0, BPF_ADD),
	     ALU(BPF_MOV, BPF_REG_0, TC_ACT_STOLEN), EXIT());
}

static void emit_pass(struct program *p)
{
	p->labels[PASS] = p->n;
	EMIT(p, ALU(BPF_MOV, BPF_REG_0, TC_ACT_UNSPEC), EXIT());
}

static void link_jumps(struct program *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const uint8_t class = BPF_CLASS(p->code[i].code), op = BPF_OP(p->code[i].code);

		if (class == BPF_JMP && op != BPF_CALL && op != BPF_EXIT)
			p->code[i].off = (int16_t)(p->labels[p->code[i].off] - i - 1);
	}
}

static int load_program(const struct gn_cut *c, bool ingress, int *ret, struct gn_err *err)
{
	struct program p = { .n = 0 };
	union bpf_attr attr;

	emit_link(&p, c);
	ingress ? emit_check_mark(&p) : emit_mark(&p);
	emit_partition(&p, c);
	emit_pass(&p);
	emit_drop(&p, c, DOWN, offsetof(struct counters, down));
	emit_drop(&p, c, PARTED, offsetof(struct counters, parted));
	link_jumps(&p);
	clear(&attr);
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = pointer(p.code);
	attr.insn_cnt = p.n;
	attr.license = pointer("MIT");
	strcpy(attr.prog_name, ingress ? "gossipnet_in" : "gossipnet_out");

	const int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		return refused(err, fd, "cannot load the eBPF program that cuts links");
	*ret = fd;
	return 0;
}

static int make_map(enum bpf_map_type type, size_t value_size, uint32_t entries, int *ret, struct gn_err *err)
{
	union bpf_attr attr;

	clear(&attr);
	attr.map_type = type;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = (uint32_t)value_size;
	attr.max_entries = entries;

	const int fd = bpf(BPF_MAP_CREATE, &attr);

	if (fd < 0)
		return refused(err, fd, "cannot make an eBPF map");
	*ret = fd;
	return 0;
}

static int make_array(size_t size, int *ret, struct gn_err *err)
{
	return make_map(BPF_MAP_TYPE_ARRAY, size, 1, ret, err);
}

/* Read or write the only element of an array. */
static int access_array(int command, int map, const void *value, struct gn_err *err)
{
	const uint32_t key = 0;
	union bpf_attr attr;

	clear(&attr);
	attr.map_fd = (uint32_t)map;
	attr.key = pointer(&key);
	attr.value = pointer(value);

	const int r = bpf(command, &attr);

	return r ? refused(err, r, "cannot access an eBPF map") : 0;
}

static int make_tables(struct gn_cut *c, struct gn_err *err)
{
	c->tables_size = c->n_links * sizeof(*c->changes) + 2 * (size_t)c->n_nodes;
	c->changes = calloc(1, c->tables_size);
	if (!c->changes)
		return gn_fail(err, -ENOMEM, "no memory for what can be cut of %u links", c->n_links);
	c->part = (uint8_t *)(c->changes + c->n_links);
	return make_array(c->tables_size, &c->tables, err);
}

static int fill_addresses(const struct gn_cut *c, const uint32_t *ips, const uint32_t *ids, uint32_t n,
			  struct gn_err *err)
{
	union bpf_attr attr;

	clear(&attr);
	attr.batch.keys = pointer(ips);
	attr.batch.values = pointer(ids);
	attr.batch.count = n;
	attr.batch.map_fd = (uint32_t)c->addresses;

	const int r = n ? bpf(BPF_MAP_UPDATE_BATCH, &attr) : 0;

	return r ? refused(err, r, "cannot fill an eBPF map") : 0;
}

/* Whose address is it? */
static int make_addresses(struct gn_cut *c, const struct gn_topology *t, struct gn_err *err)
{
	GN_CLEANUP(gn_free_p) uint32_t *ips = calloc(t->n_nodes, sizeof(*ips));
	GN_CLEANUP(gn_free_p) uint32_t *ids = calloc(t->n_nodes, sizeof(*ids));
	uint32_t n = 0;
	int r;

	if (!ips || !ids)
		return gn_fail(err, -ENOMEM, "no memory for the addresses of %u nodes", t->n_nodes);
	for (uint32_t i = 0; i < t->n_nodes; i++) {
		if (t->nodes[i].kind == GN_SWITCH)
			continue;
		ips[n] = htonl(t->nodes[i].ip);
		ids[n++] = i;
	}
	r = make_map(BPF_MAP_TYPE_HASH, sizeof(*ids), t->n_nodes, &c->addresses, err);
	return r ? r : fill_addresses(c, ips, ids, n, err);
}

static int set_up(struct gn_cut *c, const struct gn_topology *t, struct gn_err *err)
{
	int r = make_tables(c, err);

	if (!r)
		r = make_array(sizeof(c->present), &c->partition, err);
	if (!r)
		r = make_array(sizeof(struct counters), &c->counters, err);
	if (!r)
		r = make_addresses(c, t, err);
	if (!r)
		r = load_program(c, true, &c->ingress, err);
	return r ? r : load_program(c, false, &c->egress, err);
}

int gn_cut_new(const struct gn_topology *t, struct gn_cut **ret, struct gn_err *err)
{
	struct gn_cut *c = malloc(sizeof(*c));
	int r;

	if (!c)
		return gn_fail(err, -ENOMEM, "no memory");
	*c = (struct gn_cut){ .n_links = t->n_links,
			      .n_nodes = t->n_nodes,
			      .tables = -1,
			      .partition = -1,
			      .counters = -1,
			      .addresses = -1,
			      .ingress = -1,
			      .egress = -1 };
	r = set_up(c, t, err);
	if (r) {
		gn_cut_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

struct gn_cut *gn_cut_free(struct gn_cut *c)
{
	if (!c)
		return NULL;
	gn_close_p(&c->tables);
	gn_close_p(&c->partition);
	gn_close_p(&c->counters);
	gn_close_p(&c->addresses);
	gn_close_p(&c->ingress);
	gn_close_p(&c->egress);
	free(c->changes);
	free(c);
	return NULL;
}

void gn_cut_queue(struct gn_nl_batch *b, const struct gn_cut *c, uint32_t index, const char *what)
{
	struct nlmsghdr *m = gn_nl_request(b, "%s", what);

	gn_msg_program(m, index, true, c->ingress);
	gn_nl_end(b, m);
	m = gn_nl_request(b, "%s", what);
	gn_msg_program(m, index, false, c->egress);
	gn_nl_end(b, m);
}

int gn_cut_links(struct gn_cut *c, const uint32_t *links, uint32_t n, bool down, struct gn_err *err)
{
	for (uint32_t i = 0; i < n; i++)
		c->changes[links[i]] += c->changes[links[i]] % 2 != down;
	return access_array(BPF_MAP_UPDATE_ELEM, c->tables, c->changes, err);
}

/* The table that is not in force is filled; then one store puts it in force. */
int gn_cut_partition(struct gn_cut *c, const uint8_t *part, struct gn_err *err)
{
	uint64_t next = (c->present | TABLE | IN_FORCE) + 1;
	int r = 0;

	if (part) {
		next |= IN_FORCE | (~c->present & TABLE);
		for (uint32_t i = 0; i < c->n_nodes; i++)
			c->part[2 * i + (next & TABLE)] = part[i];
		r = access_array(BPF_MAP_UPDATE_ELEM, c->tables, c->changes, err);
	}
	if (!r)
		r = access_array(BPF_MAP_UPDATE_ELEM, c->partition, &next, err);
	if (!r)
		c->present = next;
	return r;
}

int gn_cut_drops(const struct gn_cut *c, uint64_t *ret_partition, uint64_t *ret_down, struct gn_err *err)
{
	struct counters counters = { 0 };
	int r = access_array(BPF_MAP_LOOKUP_ELEM, c->counters, &counters, err);

	if (r)
		return r;
	*ret_partition = counters.parted;
	*ret_down = counters.down;
	return 0;
}
