/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hub's key and certificate on disk. */
#include "hub-identity.h"

#include <glib/gstdio.h>
#include <string.h>

static void
test_identity (void)
{
  g_autofree char *directory = g_dir_make_tmp ("karez-identity-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "identity.pem", NULL);
  g_autofree char *copy = NULL, *again_hash = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (HubIdentity) identity = hub_identity_open (directory, NULL, &error);
  g_autoptr (HubIdentity) again = NULL;
  GStatBuf status;

  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  again = hub_identity_open (directory, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (hub_identity_get_id (again), ==, hub_identity_get_id (identity));
  again_hash = hub_identity_hash_certificate (hub_identity_get_certificate (again));
  g_assert_cmpstr (again_hash, ==, hub_identity_get_key_hash (identity));
  g_assert_true (hub_identity_check_priority (&error));
  g_assert_null (hub_identity_open (directory, "0197e5f0-0000-7000-8000-000000000009", &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/identity");
  g_clear_error (&error);

  /* A key that others can read is not used; a broken file is never replaced. */
  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  g_assert_null (hub_identity_open (directory, NULL, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/identity");
  g_clear_error (&error);
  g_assert_true (g_file_get_contents (path, &copy, NULL, NULL));
  g_assert_true (g_file_set_contents (path, copy, strlen (copy) / 2, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_null (hub_identity_open (directory, NULL, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/identity");
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, ==, strlen (copy) / 2);
  g_unlink (path);
  g_rmdir (directory);
}

static void
test_signature (void)
{
  g_autofree char *directory = g_dir_make_tmp ("karez-identity-XXXXXX", NULL);
  g_autofree char *other_directory = g_dir_make_tmp ("karez-identity-XXXXXX", NULL);
  g_autoptr (HubIdentity) identity = hub_identity_open (directory, NULL, NULL);
  g_autoptr (HubIdentity) other = hub_identity_open (other_directory, NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) signature = hub_identity_sign (identity, "endpoint", &error);
  g_autoptr (JsonNode) others = hub_identity_sign (other, "endpoint", NULL);
  g_autoptr (JsonNode) mixed = NULL;
  g_autoptr (JsonNode) none = karez_json_object ("key", "s", "x", NULL);
  g_autoptr (JsonNode) garbage = karez_json_object ("key", "s", "!", "value", "s", "!", NULL);
  const char *key_hash = hub_identity_get_key_hash (identity);
  JsonObject *object = json_node_get_object (signature);

  g_assert_no_error (error);
  g_assert_true (hub_identity_verify (key_hash, "endpoint", signature, &error));
  g_assert_no_error (error);
  g_assert_false (hub_identity_verify (key_hash, "endpoinT", signature, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/signature");
  g_clear_error (&error);
  g_assert_false (hub_identity_verify (key_hash, "endpoint", others, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/other-key");
  g_clear_error (&error);
  /* The paired key's name on somebody else's signature. */
  mixed = karez_json_object ("key", "s", karez_json_text (object, "key"), "value", "s",
                             karez_json_text (json_node_get_object (others), "value"), NULL);
  g_assert_false (hub_identity_verify (key_hash, "endpoint", mixed, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/signature");
  g_clear_error (&error);
  g_assert_false (hub_identity_verify (key_hash, "endpoint", garbage, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "peers/other-key");
  g_clear_error (&error);
  g_assert_false (hub_identity_verify (key_hash, "endpoint", none, &error));
  g_assert_true (karez_error_is_invalid (error));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/peers/identity/file", test_identity);
  g_test_add_func ("/peers/identity/signature", test_signature);
  return g_test_run ();
}
