/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses, ids, times, hashes, names of files, logs. */
#include "hub-address.h"
#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-file.h"
#include "hub-hash.h"
#include "hub-id.h"
#include "hub-log.h"
#include "hub-realtime.h"

#include <karez.h>

#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_id_order (void)
{
  g_autofree char *before = hub_id_new ();

  for (guint i = 0; i < 100000; i++)
    {
      g_autofree char *id = hub_id_new ();

      g_assert_true (hub_id_is_valid (id));
      g_assert_cmpint (id[14], ==, '7');
      g_assert_nonnull (strchr ("89ab", id[19]));
      g_assert_cmpstr (before, <, id);
      g_free (before);
      before = g_steal_pointer (&id);
    }
}

static void
test_id_invalid (void)
{
  const char *const wrong[] = { "",
                                "01923b6e",
                                "01923B6E-7c1f-7d3a-9c55-2f6f0a7d1e11",
                                "01923b6e-7c1f-7d3a-9c55-2f6f0a7d1e1",
                                "01923b6e-7c1f-7d3a-9c55-2f6f0a7d1e111",
                                "01923b6e_7c1f-7d3a-9c55-2f6f0a7d1e11",
                                "{1923b6e-7c1f-7d3a-9c55-2f6f0a7d1e1}" };

  g_assert_false (hub_id_is_valid (NULL));
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (hub_id_is_valid (wrong[i]));
}

static void
test_time (void)
{
  const char *const wrong[] = { "",
                                "2026-11-24",
                                "20261124T062600Z",
                                "2026-11-24T06:26:00",
                                "2026-13-24T06:26:00Z",
                                "2026-11-24T06:26:00+0",
                                "now" };
  g_autofree char *text = NULL;
  gint64 time = 0;

  g_assert_true (hub_time_parse ("2026-11-24T14:26:00.250+08:00", &time));
  text = hub_time_format (time);
  g_assert_cmpstr (text, ==, "2026-11-24T06:26:00.250Z");
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      if (hub_time_parse (wrong[i], &time))
        g_error ("\"%s\" passed for a time", wrong[i]);
    }
}

static void
test_hash (void)
{
  /* FIPS 180-2, B.1 */
  g_autofree char *digest = hub_hash_hex ("abc", 3);
  g_autofree char *url = hub_base64url ((const guint8 *) "\xfb\xff", 2);
  g_autoptr (GBytes) back = hub_unbase64url (url);
  g_autoptr (GBytes) octets = hub_unhex ("00ff");

  g_assert_cmpstr (digest, ==, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  g_assert_cmpstr (url, ==, "-_8");
  g_assert_cmpmem (g_bytes_get_data (back, NULL), g_bytes_get_size (back), "\xfb\xff", 2);
  g_assert_cmpmem (g_bytes_get_data (octets, NULL), g_bytes_get_size (octets), "\x00\xff", 2);
  g_assert_null (hub_unhex ("0"));
  g_assert_null (hub_unhex ("0g"));
  g_assert_null (hub_unbase64url ("a+b"));
  g_assert_true (hub_equal_secret ("abc", "abc"));
  g_assert_false (hub_equal_secret ("abc", "abd"));
  g_assert_false (hub_equal_secret ("abc", "ab"));
}

static void
test_file (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *directory = g_dir_make_tmp ("karez-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "secret", NULL);
  g_autofree char *missing = g_build_filename (directory, "no", "where", NULL);
  g_autoptr (GBytes) old = g_bytes_new_static ("old", 3);
  g_autoptr (GBytes) young = g_bytes_new_static ("young", 5);
  g_autoptr (GBytes) read = NULL;
  GStatBuf info;

  g_assert_true (hub_file_write_durable (path, old, 0600, &error));
  g_assert_true (hub_file_write_durable (path, young, 0600, &error));
  g_assert_no_error (error);
  read = hub_file_read (path, 100, &error);
  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (read, young));
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpuint (info.st_mode & 0777, ==, 0600);

  g_assert_null (hub_file_read (path, 4, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_false (hub_file_write_durable (missing, old, 0600, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  g_unlink (path);
  g_rmdir (directory);
}

/* A catalogue of one message, laid out as the manual's table says. */
static GBytes *
make_catalogue (void)
{
  const guint32 words[] = { 0x950412de, 0, 1, 28, 36, 0, 44, 3, 44, 8, 48 };
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) words, sizeof words);
  g_byte_array_append (bytes, (const guint8 *) "Yes", 4);
  g_byte_array_append (bytes, (const guint8 *) "ھەئە", 9);
  return g_byte_array_free_to_bytes (bytes);
}

static void
test_catalogue (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) mo = make_catalogue ();
  g_autoptr (HubCatalogue) catalogue = NULL;
  gsize size;
  const guint8 *data = g_bytes_get_data (mo, &size);

  catalogue = hub_catalogue_new ("ug", mo, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (hub_catalogue_lookup (catalogue, "Yes"), ==, "ھەئە");
  g_assert_cmpstr (hub_catalogue_lookup (catalogue, "No"), ==, "No");

  /* Whatever is wrong with a file, it is refused or it gives strings that end in the file. */
  for (gsize i = 0; i < size; i++)
    for (guint bit = 0; bit < 8; bit++)
      {
        g_autofree guint8 *copy = g_memdup2 (data, size);
        g_autoptr (GBytes) damaged = NULL;
        g_autoptr (HubCatalogue) other = NULL;

        copy[i] ^= 1 << bit;
        damaged = g_bytes_new_take (g_steal_pointer (&copy), size);
        other = hub_catalogue_new ("ug", damaged, NULL);
        if (other != NULL)
          g_assert_cmpuint (strlen (hub_catalogue_lookup (other, "Yes")), <, size);
      }
}

static const char *
shout (const char *msgid, gpointer data)
{
  return g_str_equal (msgid, "No %s in %s") ? "%s: %s is empty, 100%%%s%d" : msgid;
}

static void
test_error (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) copy = NULL;
  g_autoptr (GError) other = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "plain");
  g_autoptr (GError) carried = NULL;
  g_autofree char *said = NULL, *said_there = NULL, *plain = NULL;

  g_assert_false (karez_error_set (&error, KAREZ_ERROR_NOT_FOUND, "test/rule", "another one",
                                   "No %s in %s", "bed", "room"));
  g_assert_cmpstr (error->message, ==, "No bed in room");
  karez_error_set_pointer (error, "/bed");
  copy = g_error_copy (error);
  g_assert_true (karez_error_is_not_found (copy));
  g_assert_cmpstr (karez_error_get_rule (copy), ==, "test/rule");
  g_assert_cmpstr (karez_error_get_accepted (copy), ==, "another one");
  g_assert_cmpstr (karez_error_get_pointer (copy), ==, "/bed");
  /* A bad translation cannot read arguments that are not there. */
  said = karez_error_translate (copy, shout, NULL);
  g_assert_cmpstr (said, ==, "bed: room is empty, 100%");
  /* Its parts are enough to say it elsewhere. */
  carried = karez_error_new_parts (KAREZ_ERROR_NOT_FOUND, NULL, NULL, karez_error_get_format (copy),
                                   karez_error_get_arguments (copy));
  said_there = karez_error_translate (carried, shout, NULL);
  g_assert_cmpstr (said_there, ==, said);
  g_assert_cmpstr (carried->message, ==, "No bed in room");
  g_assert_null (karez_error_get_rule (other));
  plain = karez_error_translate (other, shout, NULL);
  g_assert_cmpstr (plain, ==, "plain");
}

static const char *
turn (const char *msgid, gpointer data)
{
  if (g_str_equal (msgid, "%s is taken from %s"))
    return "from %2$s: %1$s (100%%)";
  return g_str_equal (msgid, "%s is taken") ? msgid : "FREE %s";
}

/* A time and a name inside a sentence stay what they are, for whoever shows it. */
static void
test_error_kinds (void)
{
  g_autoptr (GError)
      error = karez_error_new (KAREZ_ERROR_CONFLICT, "test/taken", "plain", "%s is taken from %s",
                               "{\"en\":\"Dr Lin\",\"ug\":\"\u062f\"}", "2026-11-24T16:20:00.000Z");
  g_autoptr (GError) copy = NULL;
  g_autoptr (JsonNode) parts = NULL;
  g_autoptr (JsonNode) accepted = NULL;
  g_autofree char *said = NULL, *text = NULL, *accepted_text = NULL;

  karez_error_set_kinds (error, "nt");
  karez_error_set_accepted (error, "t", "free at %s", "2026-11-24T16:45:00Z");
  copy = g_error_copy (error);
  g_assert_cmpstr (copy->message, ==, "Dr Lin is taken from 2026-11-24T16:20:00.000Z");
  g_assert_cmpstr (karez_error_get_accepted (copy), ==, "free at 2026-11-24T16:45:00Z");
  said = karez_error_translate (copy, turn, NULL);
  g_assert_cmpstr (said, ==, "from 2026-11-25 00:20 UTC+8: Dr Lin (100%)");
  parts = karez_error_to_parts (copy, turn, NULL);
  text = karez_json_print (parts);
  g_assert_cmpstr (text, ==,
                   "[\"from \",{\"time\":\"2026-11-24T16:20:00.000Z\"},\": \",{\"names\":{"
                   "\"en\":\"Dr Lin\",\"ug\":\"\u062f\"}},\" (100\",\"%\",\")\"]");
  accepted = karez_error_accepted_to_parts (copy, turn, NULL);
  accepted_text = karez_json_print (accepted);
  g_assert_cmpstr (accepted_text, ==, "[\"FREE \",{\"time\":\"2026-11-24T16:45:00Z\"}]");
}

static const char *
translate_wrongly (const char *msgid, gpointer data)
{
  return data;
}

/* A per cent sign in a translation that is no conversion is one, and what is shown stays UTF-8. */
static void
test_error_translations (void)
{
  static const struct
  {
    const char *translation, *said;
  } cases[] = {
    { "满了 90%的磁盘：%s", "满了 90%的磁盘：a" },
    { "%s: 90%", "a: 90%" },
    { "%é %s %s %s", "%é a b " },
    { "%2$s %1$s %3$s %0$s", "b a  " },
    { "%d-%n", "-" },
    { "100%% %s", "100% a" },
    { "%", "%" },
    { "", "" },
  };
  g_autoptr (GError)
      error = karez_error_new (KAREZ_ERROR_CONFLICT, "test/full", NULL, "%s of %s", "a", "b");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *said = karez_error_translate (error, translate_wrongly,
                                                     (gpointer) cases[i].translation);
      g_autoptr (JsonNode)
          parts = karez_error_to_parts (error, translate_wrongly, (gpointer) cases[i].translation);
      JsonArray *array = json_node_get_array (parts);

      g_assert_cmpstr (said, ==, cases[i].said);
      for (guint j = 0; j < json_array_get_length (array); j++)
        if (JSON_NODE_HOLDS_VALUE (json_array_get_element (array, j)))
          g_assert_true (g_utf8_validate (json_array_get_string_element (array, j), -1, NULL));
    }
}

/* Of a partner: names that hide in their escapes what no text may hold, or that are none. */
static void
test_error_names (void)
{
  static const char *const wrong[] = {
    "{\"en\":\"\\u202eniL rD\"}",
    "{\"en\":\"Dr Lin\",\"ug\":\"\\u2069\\u2067\"}",
    "{\"en\":\"Dr\\u0000Lin\"}",
    "{\"en\":\"Dr\\nLin\"}",
    "{\"zh_CN\":\"\u6797\"}",
    "{\"en\":7}",
    "{\"en\":{\"en\":{\"en\":\"Dr Lin\"}}}",
    "{\"en\":\"Dr Lin\",\"en\":\"Dr Wu\"}",
    "{\"en\":\"Dr Lin\",\"html\":\"<b>\"}",
    "{\"en\":\" \"}",
    "[[[[[[\"Dr Lin\"]]]]]]",
    "Dr Lin",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = karez_error_new (KAREZ_ERROR_CONFLICT, "test/taken", NULL,
                                                  "%s is taken", wrong[i]);
      g_autoptr (JsonNode) parts = NULL;
      JsonObject *value;

      karez_error_set_kinds (error, "n");
      g_assert_true (g_str_has_prefix (error->message, wrong[i]));
      parts = karez_error_to_parts (error, turn, NULL);
      value = json_array_get_object_element (json_node_get_array (parts), 0);
      g_assert_cmpstr (karez_json_text (value, "text"), ==, wrong[i]);
    }
}

static void
test_address (void)
{
  static const struct
  {
    const char *text, *host, *customer;
  } cases[] = {
    { "192.0.2.1", "192.0.2.1", "192.0.2.1" },
    { "192.0.2.1:4711", "192.0.2.1", "192.0.2.1" },
    { "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1" },
    { "[::ffff:c000:201]:4711", "192.0.2.1", "192.0.2.1" },
    { "2001:DB8:0:1::5", "2001:db8:0:1::5", "2001:db8:0:1::/64" },
    { "[2001:db8:0:1:ffff::6]:443", "2001:db8:0:1:ffff::6", "2001:db8:0:1::/64" },
    { "[2001:db8:0:2::6]", "2001:db8:0:2::6", "2001:db8:0:2::/64" },
    { "::1", "::1", "::/64" },
    { "", NULL, NULL },
    { "unknown", NULL, NULL },
    { "example.org:80", NULL, NULL },
    { "192.0.2.1:", NULL, NULL },
    { "192.0.2.1:-1", NULL, NULL },
    { "192.0.2.1:65536", NULL, NULL },
    { "192.0.2.256", NULL, NULL },
    { "192.0.2.1, 192.0.2.2", NULL, NULL },
    { "[192.0.2.1]", NULL, NULL },
    { "[::1", NULL, NULL },
    { "::1]", NULL, NULL },
    { "[::1]x", NULL, NULL },
    { "[::1]:80:80", NULL, NULL },
    { "0xc0000201", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *host = hub_address_host (cases[i].text);
      g_autofree char *customer = hub_address_customer (host);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpstr (host, ==, cases[i].host);
      g_assert_cmpstr (customer, ==, cases[i].customer);
    }
}

static guint n_lines;
static char *last_line;

static GLogWriterOutput
count_line (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  n_lines++;
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      {
        g_free (last_line);
        last_line = g_strdup (fields[i].value);
      }
  return G_LOG_WRITER_HANDLED;
}

static void
say_often (guint n, GLogLevelFlags level)
{
  for (guint i = 0; i < n; i++)
    HUB_LOG (level, "test", NULL, "Line %u", i);
}

/* Whoever finds what makes a line of the log does not fill it; what is left out is told. */
static void
test_log_is_bounded (void)
{
  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
      g_test_trap_assert_passed ();
      return;
    }
  g_log_set_writer_func (count_line, NULL, NULL);
  say_often (1000, G_LOG_LEVEL_WARNING);
  g_assert_cmpuint (n_lines, >=, 100);
  g_assert_cmpuint (n_lines, <, 110);
  /* Another place is not concerned. */
  n_lines = 0;
  hub_warning ("test", NULL, "Something else");
  g_assert_cmpuint (n_lines, ==, 1);
  g_usleep (1100 * 1000);
  say_often (1, G_LOG_LEVEL_WARNING);
  g_assert_true (g_str_has_prefix (last_line, "Line 0 (89")
                 || g_str_has_prefix (last_line, "Line 0 (90"));
  /* What must not be missed is not. */
  n_lines = 0;
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  say_often (300, G_LOG_LEVEL_CRITICAL);
  g_assert_cmpuint (n_lines, ==, 300);
}

/* Text of others that stands in a line makes no other line. */
static void
test_log_is_of_lines (void)
{
  if (g_test_subprocess ())
    {
      hub_log_open ("test");
      hub_warning ("test", "a\nb", "Refused: %s",
                   "x\r\n2026 karezd[1] notice: forged \033[2J\xff"
                   "\xe2\x80\xae.");
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*warning test a b: Refused: x  2026 karezd*forged  ?2J*<U+202E>.\n");
  g_test_trap_assert_stderr_unmatched ("*\n2026 karezd*");
  g_test_trap_assert_stderr_unmatched ("*\033*");
}

static gboolean
is_in_real_time (void)
{
  return (sched_getscheduler (0) & ~SCHED_RESET_ON_FORK) == SCHED_RR;
}

static void
spin_for (gint64 us)
{
  gint64 end = hub_clock_monotonic () + us;

  while (hub_clock_monotonic () < end)
    ;
}

static gpointer
look_at_child (gpointer data)
{
  g_assert_cmpint (sched_getscheduler (0), ==, SCHED_OTHER);
  return NULL;
}

/* In real time, until it takes more than its budget, and again when it has been calm. */
static gpointer
spend_budget (gpointer data)
{
  HubRealtime realtime;
  gint64 now = hub_clock_monotonic ();

  g_assert_true (hub_realtime_begin (&realtime, "test", now));
  g_assert_true (is_in_real_time ());
  g_thread_join (g_thread_new ("child", look_at_child, NULL));
  spin_for (HUB_REALTIME_WINDOW_US / 8);
  now += HUB_REALTIME_WINDOW_US;
  hub_realtime_look (&realtime, now);
  g_assert_true (is_in_real_time ());
  spin_for (HUB_REALTIME_WINDOW_US / 2);
  hub_realtime_look (&realtime, now + HUB_REALTIME_WINDOW_US / 2);
  g_assert_true (is_in_real_time ());
  hub_realtime_look (&realtime, now += HUB_REALTIME_WINDOW_US);
  g_assert_false (is_in_real_time ());
  g_assert_cmpint (getpriority (PRIO_PROCESS, 0), ==, -10);
  for (guint i = 1; i < HUB_REALTIME_CALM_WINDOWS; i++)
    hub_realtime_look (&realtime, now += HUB_REALTIME_WINDOW_US);
  g_assert_false (is_in_real_time ());
  hub_realtime_look (&realtime, now += HUB_REALTIME_WINDOW_US);
  g_assert_true (is_in_real_time ());
  return NULL;
}

static void
become_nobody (void)
{
  g_assert_cmpint (setresuid (65534, 65534, 65534), ==, 0);
}

static gboolean
may_run_first (void)
{
  if (geteuid () == 0)
    return TRUE;
  g_test_skip ("only root may give real time and take it away");
  return FALSE;
}

static void
test_realtime (void)
{
  if (may_run_first ())
    g_thread_join (g_thread_new ("test", spend_budget, NULL));
}

static void
test_realtime_refused (void)
{
  const struct rlimit none = { 0, 0 };
  HubRealtime realtime;

  if (!may_run_first ())
    return;
  if (g_test_subprocess ())
    {
      setrlimit (RLIMIT_RTPRIO, &none);
      setrlimit (RLIMIT_NICE, &none);
      become_nobody ();
      hub_realtime_limit ();
      g_assert_false (hub_realtime_begin (&realtime, "test", 0));
      spin_for (HUB_REALTIME_BUDGET_US);
      hub_realtime_look (&realtime, HUB_REALTIME_WINDOW_US);
      g_assert_cmpint (sched_getscheduler (0), ==, SCHED_OTHER);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*runs as any other: LimitRTPRIO= is below 10*");
}

/* Who gave up its privileges keeps what it was allowed before, and no more. */
static void
test_realtime_limited (void)
{
  const struct sched_param higher = { .sched_priority = HUB_REALTIME_PRIORITY + 1 };
  HubRealtime realtime;
  struct rlimit limit;

  if (!may_run_first ())
    return;
  if (g_test_subprocess ())
    {
      hub_realtime_limit ();
      getrlimit (RLIMIT_RTPRIO, &limit);
      become_nobody ();
      g_assert_cmpint (hub_realtime_begin (&realtime, "test", 0), ==,
                       limit.rlim_max == HUB_REALTIME_PRIORITY);
      g_assert_cmpint (sched_setscheduler (0, SCHED_RR | SCHED_RESET_ON_FORK, &higher), ==, -1);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

/* What runs in real time and never waits is ended by the kernel. */
static void
test_realtime_endless (void)
{
  HubRealtime realtime;

  if (!may_run_first ())
    return;
  if (g_test_subprocess ())
    {
      hub_realtime_limit ();
      g_assert_true (hub_realtime_begin (&realtime, "test", 0));
      g_printerr ("in real time\n");
      for (;;)
        ;
    }
  g_test_trap_subprocess (NULL, 20 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_assert_false (g_test_trap_reached_timeout ());
  g_test_trap_assert_stderr ("*in real time*");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/address", test_address);
  g_test_add_func ("/base/id/order", test_id_order);
  g_test_add_func ("/base/id/invalid", test_id_invalid);
  g_test_add_func ("/base/time", test_time);
  g_test_add_func ("/base/hash", test_hash);
  g_test_add_func ("/base/file", test_file);
  g_test_add_func ("/base/catalogue", test_catalogue);
  g_test_add_func ("/sdk/error", test_error);
  g_test_add_func ("/sdk/error/kinds", test_error_kinds);
  g_test_add_func ("/sdk/error/names", test_error_names);
  g_test_add_func ("/sdk/error/translations", test_error_translations);
  g_test_add_func ("/base/realtime/budget", test_realtime);
  g_test_add_func ("/base/realtime/refused", test_realtime_refused);
  g_test_add_func ("/base/realtime/limited", test_realtime_limited);
  g_test_add_func ("/base/realtime/endless", test_realtime_endless);
  g_test_add_func ("/base/log/bounded", test_log_is_bounded);
  g_test_add_func ("/base/log/lines", test_log_is_of_lines);
  return g_test_run ();
}
