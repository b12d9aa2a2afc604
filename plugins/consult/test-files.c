/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "consult-file.h"
#include "consult-opinion.h"

#include <string.h>

static void
test_parts (void)
{
  g_assert_cmpuint (consult_file_count_parts (1), ==, 1);
  g_assert_cmpuint (consult_file_count_parts (CONSULT_FILE_PART_BYTES), ==, 1);
  g_assert_cmpuint (consult_file_count_parts (CONSULT_FILE_PART_BYTES + 1), ==, 2);
  g_assert_cmpuint (consult_file_count_parts (CONSULT_FILE_MAX_BYTES), ==, 64);
  g_assert_cmpuint (consult_file_part_length (CONSULT_FILE_PART_BYTES + 7, 0), ==,
                    CONSULT_FILE_PART_BYTES);
  g_assert_cmpuint (consult_file_part_length (CONSULT_FILE_PART_BYTES + 7, 1), ==, 7);
  g_assert_cmpuint (consult_file_part_length (CONSULT_FILE_PART_BYTES + 7, 2), ==, 0);
}

static void
test_kinds (void)
{
  char dicom[140] = "";
  const struct
  {
    const char *media_type;
    const char *bytes;
    gsize length;
    gboolean good;
  } cases[] = {
    { "image/jpeg", "\xff\xd8\xff\xe0", 4, TRUE },
    { "image/jpeg", "\xff\xd8", 2, FALSE },
    { "image/jpeg", "\x89PNG\r\n\x1a\n", 8, FALSE },
    { "image/png", "\x89PNG\r\n\x1a\n", 8, TRUE },
    { "image/png", "\x89PNG\n\n\x1a\n", 8, FALSE },
    { "application/pdf", "%PDF-1.7\n", 9, TRUE },
    { "application/pdf", "<html>%PDF-", 11, FALSE },
    { "application/dicom", dicom, sizeof dicom, TRUE },
    { "application/dicom", dicom, 131, FALSE },
    { "text/plain", "Ferritin 12 \302\265g/L\r\n", 18, TRUE },
    { "text/plain", "cut within a character: \345\217", 26, TRUE },
    { "text/plain", "MZ\220\0\3", 5, FALSE },
    { "text/plain", "latin \374 text", 12, FALSE },
    { "text/html", "<html>", 6, FALSE },
  };

  memcpy (dicom + 128, "DICM", 4);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (cases[i].bytes, cases[i].length);
      g_autoptr (GError) error = NULL;

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (consult_file_check_kind (cases[i].media_type, bytes, &error), ==,
                       cases[i].good);
      g_assert_cmpstr (error != NULL ? karez_error_get_rule (error) : "", ==,
                       cases[i].good ? "" : "consult/attachment-type");
    }
}

static const ConsultOpinion signed_one = {
  .id = (char *) "01930000-0000-7000-8000-000000000001",
  .session = (char *) "01930000-0000-7000-8000-000000000002",
  .hub = (char *) "01930000-0000-7000-8000-000000000003",
  .version = 2,
  .findings = (char *) "ا",
  .impression = (char *) "Psoriasis.",
  .recommendation = (char *) "",
  .amendment = (char *) "The photo shows scaling.",
  .signer = (char *) "01930000-0000-7000-8000-000000000004",
  .signed_by = (char *) "Dr Li",
  .signed_at = (char *) "2026-11-24T08:00:00Z",
};

/* Figured by: printf with each part's length in bytes before it, into sha256sum. */
static void
test_digest (void)
{
  g_autofree char *digest = consult_opinion_digest (&signed_one);
  ConsultOpinion moved = signed_one;
  g_autofree char *other = NULL;

  g_assert_cmpstr (digest, ==, "d0602c3ae121b3bdcabf97b91580c5b8e19415de9c36cead33a7068766ae41ea");
  /* A word that moves from one part to the next is another opinion. */
  moved.impression = (char *) "Psoriasis";
  moved.recommendation = (char *) ".";
  other = consult_opinion_digest (&moved);
  g_assert_cmpstr (digest, !=, other);
}

static void
test_message (void)
{
  g_autoptr (KarezActor)
      actor = karez_actor_new (KAREZ_ACTOR_PERSON, signed_one.signer, "Dr Li", NULL, NULL, NULL);
  g_autoptr (JsonNode) message = consult_opinion_to_message (&signed_one, actor);
  JsonObject *body = json_node_get_object (message);
  JsonObject *told = json_object_get_object_member (body, "opinion");
  g_autoptr (GError) error = NULL;
  g_auto (ConsultOpinion) opinion = { 0 };
  g_auto (ConsultOpinion) changed = { 0 };
  g_auto (ConsultOpinion) elsewhere = { 0 };

  g_assert_true (consult_opinion_from_message (&opinion, body, signed_one.hub, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (opinion.amendment, ==, signed_one.amendment);
  /* It says at which hospital it was signed, and so another cannot pass it on as its own. */
  g_assert_false (consult_opinion_from_message (&elsewhere, body, signed_one.session, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "consult/digest");
  g_clear_error (&error);
  json_object_set_string_member (told, "impression", "Eczema.");
  g_assert_false (consult_opinion_from_message (&changed, body, signed_one.hub, &error));
  g_assert_cmpstr (karez_error_get_rule (error), ==, "consult/digest");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/consult/file/parts", test_parts);
  g_test_add_func ("/consult/file/kinds", test_kinds);
  g_test_add_func ("/consult/opinion/digest", test_digest);
  g_test_add_func ("/consult/opinion/message", test_message);
  return g_test_run ();
}
