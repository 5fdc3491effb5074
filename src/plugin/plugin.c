/* SPDX-License-Identifier: MIT */
#include "plugin/plugin.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>

#include "proto/proto.h"

#define SYMBOL		"gossipnet_protocol"
#define NAME_LENGTH_MAX 31

/* Names stand in files and tables beside our own, and look like them. */
static bool is_name(const char *name, const char *separators)
{
	size_t n = name ? strnlen(name, NAME_LENGTH_MAX + 1) : 0;

	if (!n || n > NAME_LENGTH_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool letter = name[i] >= 'a' && name[i] <= 'z', digit = name[i] >= '0' && name[i] <= '9';

		if (!letter && (!i || (!digit && !strchr(separators, name[i]))))
			return false;
	}
	return true;
}

static bool is_line(const char *help)
{
	return help && *help && !strchr(help, '\n');
}

static int64_t n_choices(const struct gn_parameter *k)
{
	int64_t n = 0;

	while (k->choices && k->choices[n])
		n++;
	return n;
}

/* NULL, or what is wrong with the values that the parameter may have. */
static const char *values_fault(const struct gn_parameter *k)
{
	int64_t min = k->min, max = k->max;

	switch (k->type) {
	case GN_PARAMETER_WHOLE:
	case GN_PARAMETER_DECIMAL:
		break;
	case GN_PARAMETER_DURATION:
		if (min < 0)
			return "is a duration with a negative min";
		break;
	case GN_PARAMETER_CHOICE:
		min = 0;
		max = n_choices(k) - 1;
		if (max < 0)
			return "is a choice without choices";
		break;
	case GN_PARAMETER_SWITCH:
		min = 0;
		max = 1;
		break;
	default: /* the table is not ours */
		return "has a type that does not exist";
	}
	if (min > max)
		return "has a min above its max";
	return k->value < min || k->value > max ? "has a default that it may not have" : NULL;
}

static int check_parameters(const struct gn_protocol *p, const char *where, struct gn_err *err)
{
	if (p->n_parameters > GN_PARAMETERS_MAX)
		return gn_fail(err, -EINVAL, "%s: %u parameters, more than GN_PARAMETERS_MAX, %d", where,
			       p->n_parameters, GN_PARAMETERS_MAX);
	if (p->n_parameters && !p->parameters)
		return gn_fail(err, -EINVAL, "%s: parameters is NULL, but n_parameters is %u", where,
			       p->n_parameters);
	for (uint32_t i = 0; i < p->n_parameters; i++) {
		const struct gn_parameter *k = &p->parameters[i];

		if (!is_name(k->name, "_"))
			return gn_fail(
				err, -EINVAL,
				"%s: the name of parameter %u is not 1 to %d lower-case letters, digits and _",
				where, i, NAME_LENGTH_MAX);
		for (uint32_t j = 0; j < i; j++) {
			if (!strcmp(p->parameters[j].name, k->name))
				return gn_fail(err, -EINVAL, "%s: two parameters are called %s", where,
					       k->name);
		}
		const char *fault = is_line(k->help) ? values_fault(k) : "has no help of one line";

		if (fault)
			return gn_fail(err, -EINVAL, "%s: parameter %s %s", where, k->name, fault);
	}
	return 0;
}

int gn_plugin_check(const struct gn_protocol *p, const char *where, struct gn_err *err)
{
	/* Nothing behind .abi means anything before it is right. */
	if (p->abi != GN_PROTOCOL_ABI)
		return gn_fail(
			err, -EINVAL,
			"%s was compiled for version %u of the protocol interface, this gossipnet has version %d: "
			"compile it against this gossipnet's gossipnet/protocol.h",
			where, p->abi, GN_PROTOCOL_ABI);
	if (!is_name(p->name, "_-"))
		return gn_fail(err, -EINVAL,
			       "%s: the protocol's name is not 1 to %d lower-case letters, digits, - and _",
			       where, NAME_LENGTH_MAX);
	if (!is_line(p->help))
		return gn_fail(err, -EINVAL, "%s: the protocol has no help of one line", where);
	if (!p->sizes || !p->step)
		return gn_fail(err, -EINVAL, "%s: the protocol has no %s()", where,
			       p->sizes ? "step" : "sizes");
	return check_parameters(p, where, err);
}

/* dlopen() would wait for a pipe's writer, and says of a folder that it cannot be read. */
static int check_file(const char *path, struct gn_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return gn_fail(err, -EINVAL, "cannot load %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return gn_fail(err, -EINVAL, "cannot load %s: it is not a file", path);
	return 0;
}

static int load(const char *path, const struct gn_protocol **ret, struct gn_err *err)
{
	int r = check_file(path, err);

	if (r)
		return r;
	/* All symbols at once: better an unknown function is named here than in the middle of a run. */
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!object)
		return gn_fail(err, -EINVAL, "cannot load %s", dlerror()); /* which begins with the path */
	const struct gn_protocol *p = dlsym(object, SYMBOL);

	if (!p)
		return gn_fail(err, -EINVAL, "%s exports no " SYMBOL ", which a protocol must", path);
	r = gn_plugin_check(p, path, err);
	if (r)
		return r;
	if (gn_protocol_find(p->name))
		return gn_fail(
			err, -EINVAL,
			"%s: the protocol calls itself %s, as a built-in one: results would not tell them apart",
			path, p->name);
	*ret = p;
	return 0;
}

int gn_plugin_find(const char *name, const struct gn_protocol **ret, struct gn_err *err)
{
	if (!strchr(name, '/')) {
		const struct gn_protocol *p = gn_protocol_find(name);

		if (!p)
			return gn_fail(err, -EINVAL,
				       "there is no protocol %s; a file's name needs a slash: ./%s", name,
				       name);
		*ret = p;
		return 0;
	}
	return load(name, ret, err); /* with its slash: dlopen() would search a mere name elsewhere */
}
