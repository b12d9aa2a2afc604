/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's database as a file, and back. */
#include "ctl-database.h"

#include "hub-backup.h"
#include "hub-file.h"
#include "hub-identity.h"
#include "hub-lock.h"
#include "hub-restore.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_IDENTITY (64 * 1024)

static void
tell_progress (guint64 done, guint64 total, gpointer data)
{
  g_autofree char *size = g_format_size_full (done, G_FORMAT_SIZE_IEC_UNITS);
  const char *what = data;

  if (total > 0)
    g_printerr ("karezctl: %s: %s, %u %%\n", what, size, (guint) (done * 100 / total));
  else
    g_printerr ("karezctl: %s: %s\n", what, size);
}

static char *
identity_path (Ctl *ctl)
{
  return g_build_filename (hub_config_text (ctl->config, "Hub", "State"), HUB_BACKUP_IDENTITY,
                           NULL);
}

/* ── backup ─────────────────────────────────────────────────────────────────────────────────── */

static void
tell_backup (Ctl *ctl, const char *file, JsonNode *manifest)
{
  JsonObject *object = ctl_object (manifest);
  gboolean identity = karez_json_boolean (object, "identity");
  g_autofree char *size = g_format_size_full (
      (guint64) karez_json_integer (json_object_get_object_member (object, "dump"), "bytes", 0),
      G_FORMAT_SIZE_IEC_UNITS);

  g_print (_ ("%s: hub %s as it was at %s, %s\n"), file, karez_json_text (object, "hub"),
           karez_json_text (object, "made_at"), size);
  g_print ("%s\n",
           _ ("It holds what patients told and passwords’ hashes: keep it as the hub itself is "
              "kept."));
  if (identity)
    g_print ("%s\n",
             _ ("It also holds the hub’s private key: whoever reads it can speak to partners "
                "in this hospital’s name."));
  else
    g_print ("%s\n", _ ("The hub’s key is not in it. Keep a copy of identity.pem somewhere else: "
                        "without it each partner has to be paired anew."));
  if (ctl->config != NULL && hub_config_text (ctl->config, "Web", "Authority") != NULL)
    g_print ("%s\n",
             _ ("The hub’s own authority is not in it. Keep a copy of tls/HOST/authority.pem, "
                "too: without it PCs and phones have to be given another root."));
}

static CtlStatus
backup (Ctl *ctl, char **arguments)
{
  const char *file = arguments[0];
  gboolean with_identity = ctl_option_is_given (ctl, "with-identity");
  g_autoptr (GError) error = NULL;
  g_autofree char *connection = NULL, *path = NULL;
  g_autoptr (HubBackupWriter) writer = NULL;
  g_autoptr (GBytes) identity = NULL;
  g_autoptr (JsonNode) manifest = NULL;

  if (!ctl_has_config (ctl))
    return ctl_without_config (ctl);
  path = identity_path (ctl);
  writer = hub_backup_writer_new (file, &error);
  if (writer != NULL && ctl_become_hub (ctl, &error)
      && (!with_identity || (identity = hub_file_read (path, MAX_IDENTITY, &error)) != NULL)
      && (connection = ctl_find_connection (ctl, &error)) != NULL)
    manifest = hub_backup_make (connection, identity, writer, tell_progress,
                                (gpointer) _ ("copying"), &error);
  ctl_become_root ();
  if (manifest == NULL || !hub_backup_writer_finish (writer, manifest, &error))
    return ctl_refuse (error);
  if (!ctl_json (ctl, manifest))
    tell_backup (ctl, file, manifest);
  return CTL_OK;
}

static const CtlOption backup_options[] = {
  { "with-identity", NULL, N_ ("Puts the hub's private key into it, too") },
  { NULL },
};

const CtlVerb ctl_backup_verbs[] = {
  { "", "FILE", N_ ("Copies the database, as it is at this moment, into a file; the hub may run"),
    backup_options, backup },
  { NULL },
};

/* ── restore ────────────────────────────────────────────────────────────────────────────────── */

typedef struct
{
  gboolean yes, replace, new_key;
} Wanted;

typedef enum
{
  KEY_HERE,    /* the hub's identity is in the state directory */
  KEY_IN_FILE, /* it is not, and comes with the backup */
  KEY_NEW,     /* the hub gets another key */
} Key;

static const char *
hub_of (HubBackupFile *file)
{
  return karez_json_text (json_node_get_object (file->manifest), "hub");
}

/* Whether the hub that will start with this database is the one that it belongs to. */
static gboolean
check_identity (Ctl *ctl, HubBackupFile *file, gboolean new_key, Key *key, GError **error)
{
  const char *state = hub_config_text (ctl->config, "Hub", "State");
  const char *id = hub_config_text (ctl->config, "Hub", "Id");
  g_autofree char *path = identity_path (ctl);
  g_autoptr (HubIdentity) identity = NULL;

  if (id != NULL && !g_str_equal (id, hub_of (file)))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "restore/other-hub",
                            N_ ("The configuration, the key and the backup of one hub"),
                            N_ ("The backup is of hub %s, and the configuration is of hub %s"),
                            hub_of (file), id);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      *key = new_key ? KEY_NEW : KEY_IN_FILE;
      return new_key || file->identity != NULL
             || karez_error_set (
                 error, KAREZ_ERROR_FAILED, "restore/no-key",
                 N_ ("The hub’s identity.pem, put back there; or --new-key, and every partner "
                     "is paired anew"),
                 N_ ("There is no %s, and the backup does not hold the hub’s key"), path);
    }
  *key = KEY_HERE;
  identity = hub_identity_open (state, NULL, error);
  if (identity == NULL)
    return FALSE;
  if (new_key)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "restore/has-key",
                            N_ ("No identity.pem of this hub, or no --new-key"),
                            N_ ("There is a key in %s already"), path);
  return g_str_equal (hub_identity_get_id (identity), hub_of (file))
         || karez_error_set (error, KAREZ_ERROR_CONFLICT, "restore/other-hub",
                             N_ ("The configuration, the key and the backup of one hub"),
                             N_ ("The backup is of hub %s, and %s is of hub %s"), hub_of (file),
                             path, hub_identity_get_id (identity));
}

static gboolean
put_key (Ctl *ctl, HubBackupFile *file, Key key, GError **error)
{
  const char *state = hub_config_text (ctl->config, "Hub", "State");
  g_autofree char *path = identity_path (ctl);
  g_autoptr (HubIdentity) identity = NULL;

  if (key == KEY_HERE)
    return TRUE;
  if (key == KEY_IN_FILE && !hub_file_write_durable (path, file->identity, 0600, error))
    return FALSE;
  identity = hub_identity_open (state, hub_of (file), error);
  return identity != NULL;
}

static void
tell_meaning (HubBackupFile *file, const HubRestoreTarget *target, Key key)
{
  JsonObject *manifest = json_node_get_object (file->manifest);
  const char *made_at = karez_json_text (manifest, "made_at");

  g_printerr (_ ("The hub’s database becomes what it was at %s (hub %s, Karez %s).\n"), made_at,
              hub_of (file), karez_json_text (manifest, "program"));
  if (target->hub != NULL)
    {
      g_autofree char *events = g_strdup_printf ("%" G_GINT64_FORMAT, target->events);

      g_printerr (_ ("What is in it now is lost: hub %s, %s events, the last one at %s.\n"),
                  target->hub, events, target->last_event);
    }
  g_printerr (
      "%s\n",
      _ ("- What was booked, recorded or changed here since then is not known here any more.\n"
         "- Accounts, roles and passwords are those of then: whoever was disabled since may sign "
         "in "
         "again.\n"
         "- Everybody is signed out.\n"
         "- Partners still have what they got. Nothing is sent to them or taken from them until an "
         "administrator at each of both hospitals has acknowledged the restore: karezctl pair "
         "acknowledge PEER."));
  if (key == KEY_IN_FILE)
    g_printerr ("%s\n", _ ("- The hub’s key is put back from the backup."));
  if (key == KEY_NEW)
    g_printerr ("%s\n", _ ("- The hub gets a new key: each partner has to end the pairing "
                           "and pair anew."));
}

static gboolean
ask (const Wanted *wanted)
{
  char line[16] = "";

  if (wanted->yes)
    return TRUE;
  if (!isatty (STDIN_FILENO))
    {
      g_printerr ("karezctl: %s\n", _ ("nothing was done; --yes restores without a question"));
      return FALSE;
    }
  g_printerr ("%s ", _ ("Type “yes” to restore it:"));
  if (fgets (line, sizeof line, stdin) != NULL && g_str_equal (g_strstrip (line), "yes"))
    return TRUE;
  g_printerr ("karezctl: %s\n", _ ("nothing was done"));
  return FALSE;
}

static CtlStatus
restore_file (Ctl *ctl, HubBackupFile *file, const char *connection, const Wanted *wanted)
{
  g_auto (HubRestoreTarget) target = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) known = ctl_load_schemas (&error);
  Key key;

  if (known == NULL || !check_identity (ctl, file, wanted->new_key, &key, &error)
      || !hub_restore_check (file, connection, known, wanted->replace, &target, &error))
    return ctl_refuse (error);
  tell_meaning (file, &target, key);
  if (!ask (wanted))
    return CTL_REFUSED;
  if (!hub_restore_run (file, connection, known, tell_progress, (gpointer) _ ("restoring"), &error)
      || !put_key (ctl, file, key, &error))
    return ctl_refuse (error);
  if (!ctl_json (ctl, file->manifest))
    g_print ("%s\n",
             _ ("Restored. Start the hub, then acknowledge the restore with each partner."));
  return CTL_OK;
}

static CtlStatus
restore (Ctl *ctl, char **arguments)
{
  const Wanted wanted = { .yes = ctl_option_is_given (ctl, "yes"),
                          .replace = ctl_option_is_given (ctl, "replace"),
                          .new_key = ctl_option_is_given (ctl, "new-key") };
  g_autoptr (GError) error = NULL;
  g_autoptr (HubBackupFile) file = NULL;
  g_autoptr (HubLock) lock = NULL;
  g_autofree char *connection = NULL;
  const char *state;

  if (!ctl_has_config (ctl))
    return ctl_without_config (ctl);
  file = hub_backup_file_open (arguments[0], tell_progress, (gpointer) _ ("checking"), &error);
  if (file == NULL)
    return ctl_refuse (error);
  state = hub_config_text (ctl->config, "Hub", "State");
  if (!hub_file_make_directory (state, 0711, &error) || !ctl_become_hub (ctl, &error))
    return ctl_refuse (error);
  lock = hub_lock_take (state, &error);
  if (lock == NULL)
    {
      g_printerr (_ ("karezctl: the hub runs; stop it first: %s\n"), error->message);
      return CTL_REFUSED;
    }
  connection = ctl_find_connection (ctl, &error);
  return connection != NULL ? restore_file (ctl, file, connection, &wanted) : ctl_refuse (error);
}

static const CtlOption restore_options[] = {
  { "yes", NULL, N_ ("Restores without a question") },
  { "replace", NULL, N_ ("Replaces what a database holds that was used already") },
  { "new-key", NULL, N_ ("Makes a new key for a hub that has lost its own") },
  { NULL },
};

const CtlVerb ctl_restore_verbs[] = {
  { "", "FILE", N_ ("Says what it means, asks, and makes the database what it was then"),
    restore_options, restore },
  { NULL },
};
