/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

typedef struct
{
  guint number; /* 0001-base.sql: 1 */
  char *name;   /* the file's name */
  char *text;
  char *sha256;
} HubMigration;

/* Told around each call back into whose schema it is: @call is what was asked of the store; and of
 * each mistake in what was asked, as "SCHEMA.STATEMENT". */
typedef struct
{
  void (*enter) (gpointer data, const char *call);
  void (*leave) (gpointer data);
  void (*mistake) (gpointer data, const char *statement, const GError *error);
} HubSchemaGuard;

/**
 * HubSchema:
 * What the program brings for one schema of the database: its migrations and the texts of its
 * statements. Counted; not changed after it was loaded.
 */
typedef struct
{
  char *name;
  gboolean plugin;
  char *role, *owner;          /* of a plugin: its statements' role, and the one that migrates */
  char *topics;                /* of a plugin: how its posts' topics begin; NULL: it posts none */
  GPtrArray *migrations;       /* HubMigration, from 1 without a gap */
  GPtrArray *sources;          /* HubSource */
  char *restored;              /* nullable: what is run when the schema was restored */
  const HubSchemaGuard *guard; /* nullable */
  gpointer guard_data;
  GDestroyNotify guard_destroy;
  GError *refusal; /* of a plugin: why the hub goes on without it */
} HubSchema;

typedef struct
{
  char *name; /* the file's name */
  char *text;
} HubSource;

/* @name: ^[a-z][a-z0-9_]*$, at most 40 characters; anything else is a programmer's error. */
HubSchema *hub_schema_new (const char *name, gboolean plugin);
HubSchema *hub_schema_ref (HubSchema *self);
void hub_schema_unref (HubSchema *self);
/* Adds a file by its name: "0001-….sql" is a migration, "restored.sql" is run once when the schema
 * was restored from a backup, another .sql holds statements. */
gboolean hub_schema_add (HubSchema *self, const char *name, const char *text, GError **error);
/* Adds the files of a GResource folder and looks whether the numbers have a gap. */
gboolean hub_schema_load (HubSchema *self, const char *resource_path, GError **error);
gboolean hub_schema_name_is_valid (const char *name);

/* Tells whose schema it is that @statement was wrong, or called wrongly. */
void hub_schema_note_mistake (HubSchema *self, const char *statement, const GError *error);
/* A task whose callback runs between the guard's enter and leave. */
GTask *hub_schema_task_new (HubSchema *self, gpointer source, const char *call,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HubSchema, hub_schema_unref)

G_END_DECLS
