/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files are taken, and as what. */
#include "consult-file.h"
#include "consult-opinion.h"

#include <string.h>

static void
test_parts (void)
{
  g_assert_cmpuint (karez_file_count_parts (1), ==, 1);
  g_assert_cmpuint (karez_file_count_parts (KAREZ_FILE_PART_BYTES), ==, 1);
  g_assert_cmpuint (karez_file_count_parts (KAREZ_FILE_PART_BYTES + 1), ==, 2);
  g_assert_cmpuint (karez_file_count_parts (CONSULT_FILE_MAX_BYTES), ==, 64);
  g_assert_cmpuint (karez_file_part_length (KAREZ_FILE_PART_BYTES + 7, 0), ==,
                    KAREZ_FILE_PART_BYTES);
  g_assert_cmpuint (karez_file_part_length (KAREZ_FILE_PART_BYTES + 7, 1), ==, 7);
  g_assert_cmpuint (karez_file_part_length (KAREZ_FILE_PART_BYTES + 7, 2), ==, 0);
}

typedef struct
{
  const char *media_type;
  const char *bytes;
  gsize length;
  const char *charset; /* "" for a file that is no text; NULL for one that is refused */
  const char *advice;  /* a part of the reason */
} Kind;

#define BYTES(text) text, sizeof text - 1
#define EXPLICIT "\10\0\5\0CS\n\0ISO_IR 192\10\0\10\0CS\4\0AX\\B"
#define IMPLICIT "\10\0\0\0\4\0\0\0\12\0\0\0\10\0\10\0\4\0\0\0AX\\B"
#define BIG "\0\10\0\5CS\0\nISO_IR 192\0\10\0\10CS\0\4AX\\B"
#define META "\2\0\0\0UL\4\0\12\0\0\0\2\0\1\0OB\0\0\2\0\0\0\0\1\10\0\5\0\2\0\0\0ab"

static const Kind kind_cases[] = {
  { "image/jpeg", BYTES ("\xff\xd8\xff\xe1\0\20Exif"), "", NULL },
  { "image/jpeg", BYTES ("\xff\xd8"), NULL, "image/jpeg" },
  { "image/jpeg", BYTES ("\x89PNG\r\n\x1a\n"), NULL, NULL },
  { "image/png", BYTES ("\x89PNG\r\n\x1a\n"), "", NULL },
  { "image/png", BYTES ("\x89PNG\n\n\x1a\n"), NULL, NULL },
  { "image/png", BYTES ("<svg xmlns='http://www.w3.org/2000/svg'/>"), NULL, NULL },
  { "application/pdf", BYTES ("%PDF-1.7\n"), "", NULL },
  { "application/pdf", BYTES ("\xef\xbb\xbf%PDF-1.7\n"), "", NULL },
  { "application/pdf", BYTES ("\r\n\r\n%PDF-1.4\n"), "", NULL },
  { "application/pdf", BYTES ("\0\0@PJL JOB\r\n%PDF-1.4\n"), "", NULL },
  { "application/pdf", BYTES ("PDF-1.4"), NULL, "damaged" },
  { "application/pdf", BYTES ("PK\3\4....word/document.xml"), NULL, "save the document as PDF" },
  { "application/dicom", BYTES (EXPLICIT), "", NULL },
  { "application/dicom", BYTES (IMPLICIT), "", NULL },
  { "application/dicom", BYTES (BIG), "", NULL },
  { "application/dicom", BYTES (META), "", NULL },
  { "application/dicom", BYTES ("\10\0\5\0CS\n\0ISO_IR 192"), NULL, "damaged" },
  { "application/dicom", BYTES ("\10\0\5\0CS\t\0ISO_IR 19\10\0\10\0CS\4\0AX\\B"), NULL, NULL },
  { "application/dicom", BYTES ("<html>"), NULL, NULL },
  { "image/jpeg", BYTES ("\0\0\0\30ftypheic\0\0\0\0"), NULL, "HEIC" },
  { "image/png", BYTES ("GIF89a"), NULL, "JPEG or PNG" },
  { "text/plain", BYTES ("MZ\220\0\3"), NULL, "program" },
  { "text/plain", BYTES ("L\0\0\0\1\x14\2\0\0\0"), NULL, "shortcut" },
  { "text/plain", BYTES ("Ferritin 12\r\n"), "us-ascii", NULL },
  { "text/plain", BYTES ("end of DOS\x1a"), "us-ascii", NULL },
  { "text/plain", BYTES ("Ferritin 12 \302\265g/L\r\n"), "utf-8", NULL },
  { "text/plain", BYTES ("\xef\xbb\xbfwith a mark"), "utf-8", NULL },
  { "text/plain", BYTES ("cut within a character: \345\217"), "utf-8", NULL },
  { "text/plain", BYTES ("<svg><script>alert(1)</script></svg>"), "us-ascii", NULL },
  { "text/plain", BYTES ("\xff\xfe\x61\x00\x81\x94\x0d\x00\x0a\x00"), "utf-16le", NULL },
  { "text/plain", BYTES ("\xfe\xff\x00\x61\x94\x81"), "utf-16be", NULL },
  { "text/plain", BYTES ("\xff\xfe\x61\x00\x81"), NULL, "UTF-8" },
  { "text/plain", BYTES ("\xff\xfe\x00\x00\x61\x00\x00\x00"), NULL, "UTF-8" },
  { "text/plain", BYTES ("\xff\xfe\x00\xdc\x61\x00\x00\xdc"), NULL, "UTF-8" },
  { "text/plain",
    BYTES ("\xd1\xaa\xc7\xe5\xcc\xfa\xb5\xb0\xb0\xd7 12 \xa6\xcc"
           "g/L\r\n"),
    "gb18030", NULL },
  { "text/plain", BYTES ("\xd1\xaa\xc7\xe5\xcc\xfa\xb5\xb0\xb0\xd7\x81\x30\x81\x30"), "gb18030",
    NULL },
  /* So short it could be other words in Big5 */
  { "text/plain", BYTES ("\xcc\xfa\xb5\xb0"), NULL, "save it as UTF-8" },
  /* Big5; Korean and Japanese in EUC */
  { "text/plain", BYTES ("\xa6\xe5\xac\xf5\xb3\x4a\xa5\xd5\x20\xa4\x40\xa6\xca\xa4\x47\xa4\x51"),
    NULL, "save it as UTF-8" },
  { "text/plain",
    BYTES ("\xb6\x45\xc2\x5f\xa1\x47\xab\xe6\xa9\xca\xc1\xf1\xa7\xc0\xaa\xa2\xa1\x43\xb3\x42\xb8"
           "\x6d\xa1\x47\xb8\xa1\xb5\xc4\xc3\xe8\xa4\xe2\xb3\x4e\xa1\x43"),
    NULL, "save it as UTF-8" },
  { "text/plain", BYTES ("\xbd\xd0\xba\xc9\xa7\xd6\xa6\x5e\xc2\xd0\xc1\xc2\xc1\xc2"), NULL,
    "save it as UTF-8" },
  { "text/plain",
    BYTES ("\xa5\x6b\xaa\xcd\xa4\x57\xb8\xad\xa5\x69\xa8\xa3\xa4\x40\xb5\xb2\xb8\x60"), NULL,
    "save it as UTF-8" },
  { "text/plain",
    BYTES ("\xc8\xaf\xc0\xda\xb4\xc2\x20\xbf\xec\xbb\xf3\xba\xb9\xba\xce\x20\xc5\xeb\xc1\xf5\xc0"
           "\xbb\x20\xc8\xa3\xbc\xd2\xc7\xd4"),
    NULL, "save it as UTF-8" },
  { "text/plain",
    BYTES ("\xb4\xb5\xbc\xd4\xa4\xcf\xb1\xa6\xbe\xe5\xca\xa2\xc9\xf4\xc4\xcb\xa4\xf2\xc1\xca\xa4"
           "\xa8\xa4\xeb\xa1\xa3"),
    NULL, "save it as UTF-8" },
  /* UTF-16 without its mark: the ends of lines tell the order */
  { "text/plain",
    BYTES ("\xc1\x94\xcb\x86\x7d\x76\x20\x00\x31\x00\x32\x00\x20\x00\xb5\x00\x67\x00\x2f\x00\x4c"
           "\x00\x0d\x00\x0a\x00"),
    "utf-16le", NULL },
  { "text/plain", BYTES ("\x94\xc1\x86\xcb\x76\x7d\x00\x20\x00\x31\x00\x32\x00\x0a"), "utf-16be",
    NULL },
  { "text/plain",
    BYTES ("\x26\x06\xc7\x06\x4a\x06\x3a\x06\xc7\x06\x31\x06\x86\x06\xd5\x06\x0a\x00"), "utf-16le",
    NULL },
  { "text/plain",
    BYTES (
        "\x46\x00\x65\x00\x72\x00\x72\x00\x69\x00\x74\x00\x69\x00\x6e\x00\x20\x00\x31\x00\x32\x00"),
    NULL, "UTF-8" },
  { "text/plain", BYTES ("\xc1\x94\xcb\x86\x7d\x76"), NULL, "UTF-8" },
  { "text/plain", BYTES ("\x0a\x00\x00\x08\x41\x00"), NULL, "UTF-8" },
  { "text/plain", BYTES ("\x61\x00\x01\x00\x0a\x00"), NULL, "UTF-8" },
  { "text/plain",
    BYTES ("\x00\x12\x01\x12\x02\x12\x03\x12\x04\x12\x05\x12\x06\x12\x08\x12\x09\x12\x0a\x00"),
    NULL, "UTF-8" },
  { "text/plain", BYTES ("latin \374 text"), NULL, "save it as UTF-8" },
  { "text/plain", BYTES ("M\374ller und Gr\374n"), NULL, "save it as UTF-8" },
  { "text/plain", BYTES ("\317\360\350\342\345\362, \354\350\360!"), NULL, "save it as UTF-8" },
  { "text/plain", BYTES ("a\0b"), NULL, NULL },
  { "text/plain", BYTES ("\33[1mbold"), NULL, NULL },
  { "text/html", BYTES ("<html>"), NULL, NULL },
};

static void
test_kinds (void)
{
  char dicom[140] = "";
  g_autoptr (GBytes) part10 = NULL;
  const char *none = NULL;

  memcpy (dicom + 128, "DICM", 4);
  part10 = g_bytes_new (dicom, sizeof dicom);
  g_assert_true (consult_file_check_part ("application/dicom", 0, part10, &none, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (kind_cases); i++)
    {
      const Kind *it = &kind_cases[i];
      g_autoptr (GBytes) bytes = g_bytes_new (it->bytes, it->length);
      g_autoptr (GError) error = NULL;
      const char *charset = NULL;
      gboolean good = consult_file_check_part (it->media_type, 0, bytes, &charset, &error);

      g_test_message ("case %" G_GSIZE_FORMAT ", %s", i, it->media_type);
      g_assert_cmpint (good, ==, it->charset != NULL);
      g_assert_cmpstr (charset != NULL ? charset : "", ==, good ? it->charset : "");
      if (good)
        continue;
      g_assert_cmpstr (karez_error_get_rule (error), ==, "consult/attachment-type");
      if (it->advice != NULL)
        g_assert_nonnull (strstr (error->message, it->advice));
    }
}

/* A text is looked at as a whole: a part goes on where the one before ended. */
static void
test_text_parts (void)
{
  static const struct
  {
    const char *first, *second, *found; /* NULL: refused */
  } cases[] = {
    { "ascii", "more", "us-ascii" },
    { "ascii", "\302\265g", "utf-8" },
    { "ascii", "\xd1\xaa\xc7\xe5\xcc\xfa\xb5\xb0\xb0", "gb18030" },
    { "ascii", "\xcc\xfa\xb5\xb0", NULL },
    { "\345", "\217\221 \302\265", "utf-8" },
    { "\xd1\xaa\xc7\xe5\xcc\xfa\xb0\xd7\xb5", "\xb0\xb0\xd7\xcc\xfa", "gb18030" },
    { "\302\265", "ascii", "utf-8" },
    { "\302\265", "\xcc\xfa\xb5\xb0", NULL },
    { "\xd1\xaa\xc7\xe5\xcc\xfa\xb5\xb0", "ascii", "gb18030" },
    { "\xff\xfe\x01\x02", "\x03\x04", "utf-16le" },
    { "ascii", "\1", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GBytes) first = g_bytes_new_static (cases[i].first, strlen (cases[i].first));
      g_autoptr (GBytes) second = g_bytes_new_static (cases[i].second, strlen (cases[i].second));
      const char *charset = NULL;

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_true (consult_file_check_part ("text/plain", 0, first, &charset, NULL));
      g_assert_cmpint (consult_file_check_part ("text/plain", 1, second, &charset, NULL), ==,
                       cases[i].found != NULL);
      if (cases[i].found != NULL)
        g_assert_cmpstr (charset, ==, cases[i].found);
    }
}

static void
test_names (void)
{
  static const struct
  {
    const char *name, *media_type, *saved;
    gboolean good;
  } cases[] = {
    { "检查报告 2026.pdf", "application/pdf", "检查报告 2026.pdf", TRUE },
    { "خۇلاسە.txt", "text/plain", "خۇلاسە.txt", TRUE },
    { "IMG_0001.JPG", "image/jpeg", "IMG_0001.JPG", TRUE },
    { "IM0001", "application/dicom", "IM0001.dcm", TRUE },
    { "x.lnk", "text/plain", "x.lnk.txt", TRUE },
    { "photo.jpg", "image/png", "photo.jpg.png", TRUE },
    { "scan\342\200\256gpj.exe", "image/jpeg", "scangpj.exe.jpg", FALSE },
    { "a\r\nb.pdf", "application/pdf", "a  b.pdf", FALSE },
    { "  \t", "text/plain", "file.txt", FALSE },
    { "\342\200\213", "text/plain", "file.txt", FALSE },
    { "NUL.txt", "text/plain", "_NUL.txt", TRUE },
    { "con", "application/pdf", "_con.pdf", TRUE },
    { "../../etc/passwd", "text/plain", "_.._etc_passwd.txt", TRUE },
    { "..\\boot.ini", "text/plain", "_boot.ini.txt", TRUE },
    { ".bashrc", "text/plain", "bashrc.txt", TRUE },
    { "x.pdf. ", "application/pdf", "x.pdf", TRUE },
    { "Mu\314\210ller.png", "image/png", "Müller.png", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *saved = karez_file_name_save (cases[i].name,
                                                     consult_file_endings (cases[i].media_type));

      g_assert_cmpstr (saved, ==, cases[i].saved);
      g_assert_cmpint (karez_file_name_check (cases[i].name, NULL), ==, cases[i].good);
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
  g_test_add_func ("/consult/file/text-parts", test_text_parts);
  g_test_add_func ("/consult/file/names", test_names);
  g_test_add_func ("/consult/opinion/digest", test_digest);
  g_test_add_func ("/consult/opinion/message", test_message);
  return g_test_run ();
}
