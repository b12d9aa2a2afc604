/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config.h"

#include <glib/gi18n.h>
#include <karez.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/* What karezctl ends with; promised to scripts. */
typedef enum
{
  CTL_OK = 0,
  CTL_REFUSED = 1, /* the hub, or a check, said no */
  CTL_USAGE = 2,   /* the command line is wrong */
  CTL_AWAY = 3,    /* the hub does not answer, or its database is away */
  CTL_DENIED = 4,  /* this user may not */
} CtlStatus;

typedef struct
{
  gboolean json;
  char *socket, *config_path;
  HubConfig *config; /* NULL when it cannot be read; @config_error says why */
  GError *config_error;
  SoupSession *session; /* made at the first call */
} Ctl;

/**
 * CtlCommand:
 * @name: the first word
 * @usage: what may follow it
 * @summary: (nullable): one line, a msgid; NULL hides it from --help
 * @run: @argv[0] is the command's name
 */
typedef struct
{
  const char *name, *usage, *summary;
  CtlStatus (*run) (Ctl *ctl, int argc, char **argv);
} CtlCommand;

CtlStatus ctl_status (Ctl *ctl, int argc, char **argv);
CtlStatus ctl_pair (Ctl *ctl, int argc, char **argv);
CtlStatus ctl_users (Ctl *ctl, int argc, char **argv);
CtlStatus ctl_sessions (Ctl *ctl, int argc, char **argv);
CtlStatus ctl_plugins (Ctl *ctl, int argc, char **argv);
CtlStatus ctl_audit (Ctl *ctl, int argc, char **argv);
CtlStatus ctl_config (Ctl *ctl, int argc, char **argv);
CtlStatus ctl_migrate (Ctl *ctl, int argc, char **argv);
CtlStatus ctl_demo (Ctl *ctl, int argc, char **argv);

/* Tells how a command is used, after what was wrong. Returns: CTL_USAGE */
CtlStatus ctl_usage (const char *usage, const char *wrong);
/* Reads a command's own options out of its words; what is left stays in @argv. */
gboolean ctl_options (const GOptionEntry *entries, const char *usage, int *argc, char ***argv);

/* ── the hub ────────────────────────────────────────────────────────────────────────────────── */

/**
 * ctl_call:
 * @path: below /api/v1
 * @body: (transfer full) (nullable)
 * @answer: (out) (optional) (transfer full) (nullable): NULL for 204
 *
 * One request over the hub's local socket. What the hub refuses is told on standard error, with
 * the rule and what would be accepted; with --json as the problem document.
 */
CtlStatus ctl_call (Ctl *ctl, const char *method, const char *path, JsonNode *body,
                    JsonNode **answer);
/* The same, and a refusal of @rule is let pass as CTL_OK with *answer NULL. */
CtlStatus ctl_call_unless (Ctl *ctl, const char *method, const char *path, JsonNode *body,
                           const char *rule, JsonNode **answer);
/* A part of a path or a query, escaped. Returns: (transfer full) */
char *ctl_escape (const char *text);
/* Where the hub's socket is. Returns: (transfer full): NULL, after it was told why */
char *ctl_socket (Ctl *ctl);

/* ── what is told ───────────────────────────────────────────────────────────────────────────── */

/* The answer, or the i-th of a list, as an object; an empty one for anything else. Returns:
 * (transfer none) */
JsonObject *ctl_object (JsonNode *answer);
JsonObject *ctl_element (JsonArray *items, guint i);
/* "items" of a list; an empty array for anything else. Returns: (transfer none) */
JsonArray *ctl_items (JsonNode *answer);
/* A member as people read it: texts, numbers, the name in the user's language of a Names object,
 * lists with commas; "" when it is not there. @path: "actor.name". Returns: (transfer full) */
char *ctl_member (JsonObject *object, const char *path);
/* A table of @items: @columns are pairs of heading (a msgid) and member path, ended by NULL. */
void ctl_table (JsonArray *items, const char *const *columns);
/* Lines "heading: value" of one object. */
void ctl_lines (JsonObject *object, const char *const *columns);
/* With --json prints the answer, else FALSE. */
gboolean ctl_json (Ctl *ctl, JsonNode *answer);
/* How many columns a terminal needs for it. */
guint ctl_width (const char *text);
/* "zh_CN": of the user's environment. */
const char *ctl_language (void);

G_END_DECLS
