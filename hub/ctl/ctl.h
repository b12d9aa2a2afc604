/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hub-config.h"

#include <glib/gi18n.h>
#include <karez.h>

G_BEGIN_DECLS

/* What karezctl ends with; promised to scripts. */
typedef enum
{
  CTL_OK = 0,
  CTL_REFUSED = 1,  /* the hub, or a check, said no */
  CTL_USAGE = 2,    /* the command line is wrong */
  CTL_AWAY = 3,     /* the hub does not answer */
  CTL_DENIED = 4,   /* this user may not */
  CTL_DATABASE = 5, /* the database is away */
} CtlStatus;

typedef struct _CtlVerb CtlVerb;
typedef struct _SoupSession SoupSession;

typedef struct
{
  gboolean json;
  char *socket, *config_path;
  HubConfig *config; /* NULL when it cannot be read; @config_error says why */
  GError *config_error;
  SoupSession *session; /* made at the first call */
  const char *command;  /* the one that runs */
  const CtlVerb *verb;
  GHashTable *options; /* name → GStrv, of those that were given */
} Ctl;

typedef enum
{
  CTL_OPTIONAL = 0,
  CTL_REQUIRED = 1 << 0,
  CTL_REPEATED = 1 << 1, /* it may be given several times */
} CtlOptionFlags;

/**
 * CtlOption:
 * @name: without the hyphens
 * @value: (nullable): what stands for its value in the help; NULL: it has none
 * @summary: one line, a msgid
 */
typedef struct
{
  const char *name, *value, *summary;
  CtlOptionFlags flags;
} CtlOption;

/**
 * CtlVerb:
 * @name: the second word; "" where the command alone is what is done
 * @arguments: what follows it: a word for each argument, in brackets what may be left out
 * @summary: one line, a msgid
 * @options: (nullable): ended by an empty one
 * @run: @arguments is ended by NULL and has as many as the words say
 */
struct _CtlVerb
{
  const char *name, *arguments, *summary;
  const CtlOption *options;
  CtlStatus (*run) (Ctl *ctl, char **arguments);
};

/**
 * CtlCommand:
 * @name: the first word
 * @summary: (nullable): one line, a msgid; NULL hides it from the help
 * @verbs: ended by an empty one
 */
typedef struct
{
  const char *name, *summary;
  const CtlVerb *verbs;
} CtlCommand;

extern const CtlVerb ctl_audit_verbs[], ctl_backup_verbs[], ctl_certificate_verbs[],
    ctl_config_verbs[], ctl_demo_verbs[], ctl_migrate_verbs[], ctl_organisations_verbs[],
    ctl_pair_verbs[], ctl_patients_verbs[], ctl_plugin_verbs[], ctl_plugins_verbs[],
    ctl_resources_verbs[], ctl_restore_verbs[], ctl_sessions_verbs[], ctl_setup_verbs[],
    ctl_status_verbs[], ctl_users_verbs[];

/**
 * ctl_command_run:
 * @argv: the command's name, and what follows it
 *
 * Finds the verb, reads its options and arguments, and runs it; or tells how it is used, which
 * --help asks for anywhere.
 */
CtlStatus ctl_command_run (Ctl *ctl, const CtlCommand *command, int argc, char **argv);
/* How a command and its verbs are used, on standard output. @verb: (nullable): that one alone */
CtlStatus ctl_command_help (const CtlCommand *command, const char *verb);

/* The value of an option of the verb that runs, the first of several, or NULL. */
const char *ctl_option (Ctl *ctl, const char *name);
/* All of them. Returns: (transfer none) (nullable) */
const char *const *ctl_option_all (Ctl *ctl, const char *name);
gboolean ctl_option_is_given (Ctl *ctl, const char *name);

/* Tells how the verb that runs is used, after what was wrong. Returns: CTL_USAGE */
CtlStatus ctl_usage (Ctl *ctl, const char *wrong);
/* Says why the configuration cannot be read. Returns: whether it can be. */
gboolean ctl_has_config (Ctl *ctl);
/* What a program ends with that needs one. Returns: CTL_DENIED, or CTL_REFUSED */
CtlStatus ctl_without_config (Ctl *ctl);

/* ── standard input ─────────────────────────────────────────────────────────────────────────── */

/* One line of standard input, without its end; @prompt is for a terminal, which shows nothing of
 * what is typed when it is @hidden. Returns: (transfer full) (nullable): NULL at the end, or when
 * it is too long or no UTF-8 */
char *ctl_read_line (const char *prompt, gboolean hidden);
/* A file of at most @max bytes, which is text in UTF-8; its mark is left out. Returns: (transfer
 * full) */
char *ctl_read_text (const char *path, gsize max, GError **error);
/* A password, asked for twice at a terminal. Returns: (transfer full) (nullable): NULL after it was
 * told why */
char *ctl_read_password (void);
/* A first password for somebody, of 80 random bits. Returns: (transfer full) */
char *ctl_make_password (void);

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
/* The same of what answers nothing: says @done, translated, or {} with --json. */
CtlStatus ctl_do (Ctl *ctl, const char *method, const char *path, JsonNode *body, const char *done);
/* A part of a path or a query, escaped. Returns: (transfer full) */
char *ctl_escape (const char *text);
/* Where the hub's socket is. Returns: (transfer full): NULL, after it was told why */
char *ctl_socket (Ctl *ctl);

/* "names" and "title" of an object's copy, as they are sent back; NULL for an empty one. Returns:
 * (transfer full) (nullable) */
JsonNode *ctl_copy_member (JsonObject *object, const char *name);
/* The "items" object whose @member is @text; NULL when none is. Returns: (transfer none) */
JsonObject *ctl_find (JsonNode *list, const char *member, const char *text);

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
/* An error with its rule and what would be accepted, on standard error. @where: (nullable): the
 * file that it is about. Returns: CTL_REFUSED */
CtlStatus ctl_tell_error (const char *where, const GError *error);
/* How many columns a terminal needs for it. */
guint ctl_width (const char *text);
/* "zh_CN": of the user's environment. */
const char *ctl_language (void);

G_END_DECLS
