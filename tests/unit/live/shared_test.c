/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "live/shared.h"
#include "util/util.h"

enum { CAPACITY = 8 };

static int set_up(void **state)
{
	static struct gn_shared s;
	struct gn_err err;

	*state = &s;
	return gn_shared_init(&s, 3, CAPACITY, &err);
}

static int tear_down(void **state)
{
	gn_shared_done(*state);
	return 0;
}

static void memory_is_zeroed_and_divided(void **state)
{
	struct gn_shared *s = *state;

	assert_int_equal(s->n, 3);
	assert_int_equal(s->slice_size % (size_t)sysconf(_SC_PAGESIZE), 0);
	assert_true(s->slice_size >= sizeof(struct gn_slice) + CAPACITY * sizeof(struct gn_record));
	assert_int_equal(gn_shared_control(s)->go, 0);
	for (uint32_t i = 0; i < 3; i++) {
		struct gn_slice *slice = gn_shared_slice(s, i);

		assert_int_equal((size_t)((uint8_t *)slice - s->base) % (size_t)sysconf(_SC_PAGESIZE), 0);
		assert_true((uint8_t *)slice >= s->base + sysconf(_SC_PAGESIZE) + i * s->slice_size);
		assert_int_equal(slice->head, 0);
		assert_int_equal(slice->capacity, CAPACITY);
		memset(slice, (int)i + 1, s->slice_size); /* all of it is there, and nobody else's */
	}
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(((uint8_t *)gn_shared_slice(s, i))[s->slice_size - 1], i + 1);
	assert_int_equal(gn_shared_control(s)->go, 0);
}

static void nobody_can_shrink_the_memory(void **state)
{
	struct gn_shared *s = *state;

	assert_int_equal(ftruncate(s->fd, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_true(fcntl(s->fd, F_GETFD) & FD_CLOEXEC);
}

static void impossible_rings_are_refused(void **unused)
{
	static const uint64_t capacities[] = { 0, 3, 1000, UINT64_C(1) << 60, UINT64_C(1) << 63 };
	struct gn_shared s = { .fd = 77 };
	struct gn_err err;

	(void)unused;
	for (size_t i = 0; i < GN_ARRAY_LEN(capacities); i++) {
		err.text[0] = '\0';
		assert_int_equal(gn_shared_init(&s, 2, capacities[i], &err), -EINVAL);
		assert_true(err.text[0]);
		assert_int_equal(s.fd, 77);
	}
}

static bool write_number(struct gn_slice *s, uint64_t number)
{
	const struct gn_record r = { .t = number, .event = (uint32_t)number };

	return gn_ring_write(s, CAPACITY, &r);
}

/* Read and release all there is; the records must be @first, @first + 1, ... Return: how many. */
static size_t read_numbers(struct gn_slice *s, uint64_t first)
{
	const struct gn_record *run[2];
	size_t len[2], n = gn_ring_peek(s, CAPACITY, run, len);

	assert_int_equal(len[0] + len[1], n);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < len[i]; k++)
			assert_int_equal(run[i][k].t, first++);
	}
	gn_ring_release(s, n);
	return n;
}

static void a_ring_wraps(void **state)
{
	struct gn_slice *s = gn_shared_slice(*state, 1);
	uint64_t written = 0, read = 0;

	assert_int_equal(read_numbers(s, 0), 0);
	for (unsigned step = 1; step <= 100; step++) {
		for (unsigned i = 0; i < step % CAPACITY + 1; i++)
			assert_true(write_number(s, written++));
		read += read_numbers(s, read);
		assert_int_equal(read, written);
	}
	assert_int_equal(s->counters.log_dropped, 0);
}

static void a_full_ring_loses_the_new_and_counts(void **state)
{
	struct gn_slice *s = gn_shared_slice(*state, 0);

	for (uint64_t i = 0; i < CAPACITY; i++)
		assert_true(write_number(s, i));
	for (uint64_t i = 0; i < 5; i++)
		assert_false(write_number(s, 1000 + i));
	assert_int_equal(s->counters.log_dropped, 5);
	assert_int_equal(read_numbers(s, 0), CAPACITY);
	assert_true(write_number(s, CAPACITY));
	assert_int_equal(read_numbers(s, CAPACITY), 1);
}

static void records_of_less_worth_leave_a_quarter_free(void **state)
{
	struct gn_slice *s = gn_shared_slice(*state, 0);
	const struct gn_record r = { .t = 0 };
	uint64_t n = 0;

	while (gn_ring_write_spare(s, CAPACITY, &(struct gn_record){ .t = n }))
		n++;
	assert_int_equal(n, CAPACITY - CAPACITY / 4);
	assert_int_equal(s->counters.log_dropped, 1);
	for (; n < CAPACITY; n++)
		assert_true(write_number(s, n));
	assert_false(gn_ring_write_spare(s, CAPACITY, &r));
	assert_false(write_number(s, n));
	assert_int_equal(s->counters.log_dropped, 3);
	assert_int_equal(read_numbers(s, 0), CAPACITY);
	assert_true(gn_ring_write_spare(s, CAPACITY, &r));
}

/* The node owns its slice and may write anything there: reading must stay inside the ring. */
static void a_hostile_slice_is_read_within_bounds(void **state)
{
	static const uint64_t values[] = { 0, 1, 7, 9, 1000, UINT64_MAX, UINT64_MAX / 2, UINT64_C(1) << 63 };
	struct gn_slice *s = gn_shared_slice(*state, 2);
	const struct gn_record *end = s->records + CAPACITY;

	for (size_t i = 0; i < GN_ARRAY_LEN(values); i++) {
		for (size_t k = 0; k < GN_ARRAY_LEN(values); k++) {
			const struct gn_record *run[2];
			size_t len[2];

			s->head = values[i];
			s->tail = values[k];
			s->capacity = UINT64_MAX;
			size_t n = gn_ring_peek(s, CAPACITY, run, len);

			assert_true(n <= CAPACITY && len[0] + len[1] == n);
			for (int r = 0; r < 2; r++)
				assert_true(run[r] >= s->records && run[r] + len[r] <= end);
			gn_ring_release(s, n);
		}
	}
}

enum { THREAD_RING = 64, THREAD_RECORDS = 200000 };

static void *write_many(void *slice)
{
	struct gn_slice *s = slice;

	for (uint64_t i = 0; i < THREAD_RECORDS;) {
		const struct gn_record r = { .t = i, .sent = ~i, .event = (uint32_t)i, .hop = (uint32_t)i };

		if (gn_ring_write(s, THREAD_RING, &r))
			i++;
		else
			sched_yield();
	}
	return NULL;
}

static void a_writer_and_a_reader_at_once(void **unused)
{
	struct gn_shared shared;
	struct gn_err err;
	pthread_t writer;
	uint64_t seen = 0;

	(void)unused;
	assert_int_equal(gn_shared_init(&shared, 1, THREAD_RING, &err), 0);
	struct gn_slice *s = gn_shared_slice(&shared, 0);

	assert_int_equal(pthread_create(&writer, NULL, write_many, s), 0);
	while (seen < THREAD_RECORDS) {
		const struct gn_record *run[2];
		size_t len[2], n = gn_ring_peek(s, THREAD_RING, run, len);

		for (int i = 0; i < 2; i++) {
			for (size_t k = 0; k < len[i]; k++, seen++) {
				assert_int_equal(run[i][k].t, seen);
				assert_true(run[i][k].sent == ~seen);
				assert_int_equal(run[i][k].hop, seen);
			}
		}
		gn_ring_release(s, n);
		if (!n)
			sched_yield();
	}
	pthread_join(writer, NULL);
	gn_shared_done(&shared);
}

/* Return: the signal that killed a child that did this. */
static int dies_of(void (*act)(struct gn_own *), struct gn_own *own)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL); /* the sanitizers' handler would turn it into an exit */
		act(own);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void write_control(struct gn_own *own)
{
	atomic_store((_Atomic uint32_t *)&own->control->go, 1);
}

static void write_own(struct gn_own *own)
{
	own->slice->counters.calls = 5;
}

static void a_node_sees_its_own_slice_only(void **state)
{
	struct gn_shared *s = *state;
	struct gn_own own;
	struct gn_err err;

	assert_int_equal(gn_own_init(&own, s, 2, &err), 0);
	assert_int_equal(own.capacity, CAPACITY);
	assert_int_equal(dies_of(write_control, &own), SIGSEGV);
	assert_int_equal(dies_of(write_own, &own), 0);
	assert_int_equal(gn_shared_slice(s, 2)->counters.calls, 5);
	gn_shared_control(s)->start = 99;
	assert_int_equal(own.control->start, 99);
	gn_own_done(&own);
	assert_null(own.slice);
	gn_own_done(&own);
}

static void lateness_falls_into_its_bucket(void **unused)
{
	gn_dur lower = 0;

	(void)unused;
	assert_int_equal(gn_lateness_bucket(0), 0);
	assert_int_equal(gn_lateness_upper(0), 1000);
	assert_int_equal(gn_lateness_upper(8), 2000);
	assert_int_equal(gn_lateness_upper(9), 2250);
	assert_int_equal(gn_lateness_upper(16), 4000);
	assert_true(gn_lateness_upper(GN_LATENESS_BUCKETS - 1) == GN_NEVER);
	for (unsigned b = 0; b < GN_LATENESS_BUCKETS - 1; b++) {
		gn_dur upper = gn_lateness_upper(b);

		assert_true(upper > lower);
		assert_int_equal(gn_lateness_bucket(lower), b);
		assert_int_equal(gn_lateness_bucket(upper - 1), b);
		assert_int_equal(gn_lateness_bucket(upper), b + 1);
		if (b)
			assert_true(upper - lower <= lower / 8);
		lower = upper;
	}
	assert_int_equal(gn_lateness_bucket(GN_NEVER), GN_LATENESS_BUCKETS - 1);
	assert_true(lower > 10 * GN_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memory_is_zeroed_and_divided, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_can_shrink_the_memory, set_up, tear_down),
		cmocka_unit_test(impossible_rings_are_refused),
		cmocka_unit_test_setup_teardown(a_ring_wraps, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_ring_loses_the_new_and_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(records_of_less_worth_leave_a_quarter_free, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_hostile_slice_is_read_within_bounds, set_up, tear_down),
		cmocka_unit_test(a_writer_and_a_reader_at_once),
		cmocka_unit_test_setup_teardown(a_node_sees_its_own_slice_only, set_up, tear_down),
		cmocka_unit_test(lateness_falls_into_its_bucket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
