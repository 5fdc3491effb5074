/* SPDX-License-Identifier: MIT */
/* `load_modules NAME...`: load modules, and those they need, from the folder of User-Mode Linux. */
#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "util/util.h"

static int load(struct kmod_ctx *kmod, const char *name)
{
	struct kmod_list *list = NULL, *item;
	int r = kmod_module_new_from_lookup(kmod, name, &list);

	if (!r && !list)
		r = -ENOENT;
	kmod_list_foreach(item, list)
	{
		struct kmod_module *module = kmod_module_get_module(item);

		if (!r)
			r = kmod_module_probe_insert_module(module, KMOD_PROBE_IGNORE_LOADED, NULL, NULL,
							    NULL, NULL);
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
	if (r)
		fprintf(stderr, "load_modules: %s: %s\n", name, strerror(r < 0 ? -r : r));
	return r;
}

int main(int argc, char **argv)
{
	struct utsname kernel;
	char folder[256];
	int bad = 0;

	uname(&kernel);
	snprintf(folder, sizeof(folder), "/usr/lib/uml/modules/%s", kernel.release);
	struct kmod_ctx *kmod = kmod_new(folder, NULL);

	if (!kmod)
		return 1;
	for (int i = 1; i < argc; i++)
		bad |= load(kmod, argv[i]) != 0;
	kmod_unref(kmod);
	return bad;
}
