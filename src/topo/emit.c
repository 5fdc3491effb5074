/* SPDX-License-Identifier: MIT */
/* The tree as YAML text: lists of maps one item per line, as people write topologies. */
#include "topo/yaml.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

static int emit_node(yaml_emitter_t *out, const struct gn_yaml *y, int depth);

static int emit_scalar(yaml_emitter_t *out, const char *text, bool quoted)
{
	yaml_event_t e;
	yaml_scalar_style_t style = quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE;

	return yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1,
					    1, style) &&
	       yaml_emitter_emit(out, &e);
}

static int emit_map(yaml_emitter_t *out, const struct gn_yaml *y, int depth)
{
	yaml_mapping_style_t style = depth < 2 ? YAML_BLOCK_MAPPING_STYLE : YAML_FLOW_MAPPING_STYLE;
	yaml_event_t e;
	int ok = yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, style) && yaml_emitter_emit(out, &e);

	for (const struct gn_yaml *child = y->first; ok && child; child = child->next)
		ok = emit_scalar(out, child->key, false) && emit_node(out, child, depth + 1);
	return ok && yaml_mapping_end_event_initialize(&e) && yaml_emitter_emit(out, &e);
}

static int emit_list(yaml_emitter_t *out, const struct gn_yaml *y, int depth)
{
	bool of_maps = y->first && y->first->kind == GN_YAML_MAP;
	yaml_sequence_style_t style =
		depth < 2 && of_maps ? YAML_BLOCK_SEQUENCE_STYLE : YAML_FLOW_SEQUENCE_STYLE;
	yaml_event_t e;
	int ok = yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, style) && yaml_emitter_emit(out, &e);

	for (const struct gn_yaml *child = y->first; ok && child; child = child->next)
		ok = emit_node(out, child, depth + 1);
	return ok && yaml_sequence_end_event_initialize(&e) && yaml_emitter_emit(out, &e);
}

/* libyaml's emitter owns and frees each event, also when it fails. */
static int emit_node(yaml_emitter_t *out, const struct gn_yaml *y, int depth)
{
	switch (y->kind) {
	case GN_YAML_MAP:
		return emit_map(out, y, depth);
	case GN_YAML_LIST:
		return emit_list(out, y, depth);
	case GN_YAML_SCALAR:
	case GN_YAML_BAD:
		break;
	}
	return emit_scalar(out, y->kind == GN_YAML_SCALAR ? y->text : "", y->quoted);
}

static int emit_document(yaml_emitter_t *out, const struct gn_yaml *root)
{
	yaml_event_t e;

	return yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING) && yaml_emitter_emit(out, &e) &&
	       yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1) && yaml_emitter_emit(out, &e) &&
	       emit_node(out, root, 0) && yaml_document_end_event_initialize(&e, 1) &&
	       yaml_emitter_emit(out, &e) && yaml_stream_end_event_initialize(&e) &&
	       yaml_emitter_emit(out, &e);
}

static int write_bytes(void *stream, unsigned char *buffer, size_t size)
{
	return fwrite(buffer, 1, size, stream) == size;
}

char *gn_yaml_emit(const struct gn_yaml *root)
{
	yaml_emitter_t out;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	int ok = yaml_emitter_initialize(&out);

	if (ok) {
		yaml_emitter_set_output(&out, write_bytes, f);
		yaml_emitter_set_unicode(&out, 1);
		yaml_emitter_set_width(&out, -1);
		ok = emit_document(&out, root);
		yaml_emitter_delete(&out);
	}
	if (fclose(f))
		ok = 0;
	if (ok)
		return text;
	free(text);
	return NULL;
}
