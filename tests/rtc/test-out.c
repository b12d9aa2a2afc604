/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Datagrams gathered into few system calls. */
#include "hub-rtc-out.h"

#include <netinet/in.h>
#include <unistd.h>

#define RECEIVERS 60u

/* A sender and those it sends to, on this machine. */
typedef struct
{
  int fd;
  HubRtcOut *out;
  int receivers[RECEIVERS];
  HubAddress addresses[RECEIVERS];
  guint sent[RECEIVERS], came[RECEIVERS];
} Wire;

static int
open_socket (HubAddress *address)
{
  const int buffer = 4 * 1024 * 1024;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (hub_address_parse (address, "127.0.0.1", FALSE));
  g_assert_cmpint (bind (fd, (struct sockaddr *) &address->storage, address->length), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &address->storage, &address->length), ==,
                   0);
  setsockopt (fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt (fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  return fd;
}

static void
wire_up (Wire *wire, gconstpointer data)
{
  HubAddress own;

  wire->fd = open_socket (&own);
  wire->out = hub_rtc_out_new (wire->fd);
  for (guint i = 0; i < RECEIVERS; i++)
    wire->receivers[i] = open_socket (&wire->addresses[i]);
}

static void
wire_down (Wire *wire, gconstpointer data)
{
  hub_rtc_out_free (wire->out);
  close (wire->fd);
  for (guint i = 0; i < RECEIVERS; i++)
    close (wire->receivers[i]);
}

/* Each says which one of its receiver's it is, and is of one byte all through. */
static void
write_datagram (Wire *wire, guint8 *bytes, guint to, gsize length)
{
  guint number = wire->sent[to]++;

  memset (bytes, (int) (number % 251), length);
  memcpy (bytes, &number, sizeof number);
}

static void
push (Wire *wire, guint to, gsize length)
{
  guint8 *bytes = hub_rtc_out_next (wire->out);

  write_datagram (wire, bytes, to, length);
  hub_rtc_out_push (wire->out, length, &wire->addresses[to]);
}

static void
copy (Wire *wire, guint to, gsize length)
{
  g_autofree guint8 *bytes = g_malloc (length);
  HubAddress gone = wire->addresses[to];

  write_datagram (wire, bytes, to, length);
  hub_rtc_out_copy (wire->out, bytes, length, &gone);
  memset (&gone, 0, sizeof gone);
}

/* The next one of a receiver is there, whole, and of that length. */
static void
assert_came (Wire *wire, guint at, gsize length)
{
  guint8 bytes[HUB_RTC_OUT_BYTES + 1];
  gssize got = recv (wire->receivers[at], bytes, sizeof bytes, 0);
  guint number;

  g_assert_cmpint (got, ==, (gssize) length);
  memcpy (&number, bytes, sizeof number);
  g_assert_cmpuint (number, ==, wire->came[at]++);
  for (gsize i = sizeof number; i < length; i++)
    g_assert_cmpuint (bytes[i], ==, number % 251);
}

static void
assert_no_more (Wire *wire)
{
  guint8 byte;

  for (guint i = 0; i < RECEIVERS; i++)
    {
      g_assert_cmpint (recv (wire->receivers[i], &byte, 1, 0), <, 0);
      g_assert_cmpuint (wire->came[i], ==, wire->sent[i]);
    }
  g_assert_cmpuint (hub_rtc_out_get_lost (wire->out), ==, 0);
}

/* A picture of several packets for everybody, as a room sends it. */
static void
send_picture (Wire *wire)
{
  static const gsize lengths[] = { 1180, 1180, 1180, 1179, 1179, 400 };

  for (guint packet = 0; packet < G_N_ELEMENTS (lengths); packet++)
    for (guint i = 0; i < RECEIVERS; i++)
      push (wire, i, lengths[packet]);
  hub_rtc_out_flush (wire->out);
  for (guint i = 0; i < RECEIVERS; i++)
    for (guint packet = 0; packet < G_N_ELEMENTS (lengths); packet++)
      assert_came (wire, i, lengths[packet]);
  assert_no_more (wire);
}

static void
test_picture (Wire *wire, gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    send_picture (wire);
  hub_rtc_out_flush (wire->out);
  assert_no_more (wire);
}

/* The kernel cuts nothing where there are no checksums: the same comes to the same. */
static void
test_uncut (Wire *wire, gconstpointer data)
{
  const int on = 1;

  g_assert_cmpint (setsockopt (wire->fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), ==, 0);
  for (guint i = 0; i < 2; i++)
    send_picture (wire);
}

/* More of one length than a piece may hold, as many as there is room for, and one more. */
static void
test_many (Wire *wire, gconstpointer data)
{
  static const gsize lengths[] = { 16, 1200, HUB_RTC_OUT_BYTES };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      for (guint n = 0; n <= HUB_RTC_OUT_MAX; n++)
        push (wire, 7, lengths[i]);
      hub_rtc_out_flush (wire->out);
      for (guint n = 0; n <= HUB_RTC_OUT_MAX; n++)
        assert_came (wire, 7, lengths[i]);
    }
  assert_no_more (wire);
}

/* Whatever is pushed and copied: whole, and in order to each. */
static void
test_random (Wire *wire, gconstpointer data)
{
  for (guint round = 0; round < 200; round++)
    {
      guint n = (guint) g_test_rand_int_range (1, 700);
      guint few = (guint) g_test_rand_int_range (1, RECEIVERS + 1);
      g_autofree guint *to = g_new (guint, n);
      g_autofree gsize *lengths = g_new (gsize, n);

      for (guint i = 0; i < n; i++)
        {
          to[i] = (guint) g_test_rand_int_range (0, (gint) few);
          lengths[i] = (gsize) g_test_rand_int_range (1, 4) * 100
                       + (gsize) g_test_rand_int_range (0, 2);
          /* A copy goes by its own address, and is not put in order with the others. */
          if (i == n - 1)
            {
              hub_rtc_out_flush (wire->out);
              copy (wire, to[i], lengths[i]);
            }
          else
            push (wire, to[i], lengths[i]);
        }
      hub_rtc_out_flush (wire->out);
      for (guint i = 0; i < n; i++)
        assert_came (wire, to[i], lengths[i]);
      assert_no_more (wire);
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*function) (Wire *, gconstpointer);
  } tests[] = { { "/rtc/out/picture", test_picture },
                { "/rtc/out/uncut", test_uncut },
                { "/rtc/out/many", test_many },
                { "/rtc/out/random", test_random } };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Wire, NULL, wire_up, tests[i].function, wire_down);
  return g_test_run ();
}
