/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The syntax of HTTP/1.1 requests (RFC 9112), held against its bounds byte by byte. */
#include "hub-http-scanner.h"

#include "hub-catalogue.h"

#include <string.h>

#define MAX_METHOD 32
#define MAX_CHUNK_LINE 256
/* Of a length in decimal and of a chunk's in hexadecimal: no sum overflows. */
#define MAX_DIGITS 18
#define MAX_HEX_DIGITS 15
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

typedef enum
{
  REQUEST_LINE,
  FIELDS,
  BODY,
  CHUNK_LINE,
  CHUNK,
  CHUNK_END,
  TRAILERS,
  REFUSED,
} State;

/* Fields that may come once: of two, one program takes the first and another the last. */
static const char *const single[] = {
  "Host",
  "Content-Length",
  "Transfer-Encoding",
  "Content-Type",
  "Authorization",
  "Idempotency-Key",
  "Origin",
  "Expect",
  "Upgrade",
  "Content-Encoding",
  "Sec-WebSocket-Key",
  "Sec-WebSocket-Version",
};

enum
{
  HOST,
  CONTENT_LENGTH,
  TRANSFER_ENCODING,
};

struct _HubHttpScanner
{
  State state;
  gboolean old;   /* HTTP/1.0 */
  gboolean blank; /* an empty line came before the request */
  gsize head;     /* bytes of it so far */
  guint fields;
  guint seen;             /* bits of the single ones */
  guint64 left;           /* of the body or the chunk */
  char *authority, *host; /* of a target in absolute form; of Host */
};

/* A line without its end. */
typedef struct
{
  const char *text;
  gsize length;
} Line;

#define FAULT(name, code, rule_, accepted_, message_)                                              \
  static const HubHttpFault name = { code, "request/" rule_, accepted_, message_ }

FAULT (bad_line, 400, "line", N_ ("lines that end with CR and LF, without control characters"),
       N_ ("A line of the request's head is not as RFC 9112 says"));
FAULT (bad_request_line, 400, "request-line", N_ ("method, target and HTTP/1.1"),
       N_ ("The first line of the request is not as RFC 9112 says"));
FAULT (bad_field, 400, "field", N_ ("a name, a colon right behind it, a value in one line"),
       N_ ("A header field of the request is not as RFC 9112 says"));
FAULT (bad_twice, 400, "field-twice", N_ ("each such field once"),
       N_ ("A header field that may come once comes twice"));
FAULT (bad_host, 400, "host", N_ ("one Host field, equal to the target's"),
       N_ ("The request does not say which host it is for"));
FAULT (bad_length, 400, "content-length", N_ ("one Content-Length of digits alone"),
       N_ ("The length of the request's body cannot be read"));
FAULT (bad_coding, 400, "transfer-encoding", N_ ("chunked, without a Content-Length"),
       N_ ("The transfer coding of the request's body is not read here"));
FAULT (bad_chunk, 400, "chunk", N_ ("chunks after RFC 9112"),
       N_ ("A chunk of the request's body is not as RFC 9112 says"));
FAULT (bad_version, 505, "version", N_ ("HTTP/1.1"), N_ ("This version of HTTP is not supported"));
FAULT (long_target, 414, "target-size", N_ ("at most 8 KiB"),
       N_ ("The address of the request is too long"));
FAULT (long_head, 431, "head-size", N_ ("at most 100 fields, 32 KiB in one and 60 KiB in all"),
       N_ ("The head of the request is too large; cookies of other applications count"));

HubHttpScanner *
hub_http_scanner_new (void)
{
  return g_new0 (HubHttpScanner, 1);
}

static void
begin (HubHttpScanner *self)
{
  g_clear_pointer (&self->authority, g_free);
  g_clear_pointer (&self->host, g_free);
  memset (self, 0, sizeof *self);
}

void
hub_http_scanner_free (HubHttpScanner *self)
{
  begin (self);
  g_free (self);
}

/* RFC 9110, 5.6.2. */
static gboolean
is_token (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i])
        && (text[i] == '\0' || strchr ("!#$%&'*+-.^_`|~", text[i]) == NULL))
      return FALSE;
  return length > 0;
}

static gboolean
is_text (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (((guchar) text[i] < ' ' && text[i] != '\t') || text[i] == '\x7f')
      return FALSE;
  return TRUE;
}

static gboolean
equals (Line line, const char *text)
{
  return line.length == strlen (text) && g_ascii_strncasecmp (line.text, text, line.length) == 0;
}

static gboolean
is_blank (char c)
{
  return c == ' ' || c == '\t';
}

static Line
trim (Line line)
{
  for (; line.length > 0 && is_blank (*line.text); line.length--)
    line.text++;
  while (line.length > 0 && is_blank (line.text[line.length - 1]))
    line.length--;
  return line;
}

static gboolean
begins_with (Line line, const char *text)
{
  return line.length >= strlen (text) && g_ascii_strncasecmp (line.text, text, strlen (text)) == 0;
}

/* Whether two hexadecimal digits follow. */
static gboolean
is_escape (Line line, gsize percent)
{
  return percent + 2 < line.length && g_ascii_isxdigit (line.text[percent + 1])
         && g_ascii_isxdigit (line.text[percent + 2]);
}

/* A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port (RFC 3986, 3.2). */
static gboolean
is_authority (const char *text)
{
  const char *end = *text == '[' ? text + 1 + strspn (text + 1, "0123456789abcdefABCDEF:.")
                                 : text + strspn (text, NAME_CHARACTERS);
  guint64 port;

  if (*text == '[' && *end++ != ']')
    return FALSE;
  return end > text
         && (*end == '\0'
             || (*end == ':' && g_ascii_string_to_unsigned (end + 1, 10, 0, 65535, &port, NULL)));
}

/* Origin form, absolute form, or the asterisk of OPTIONS (RFC 9112, 3.2). */
static gboolean
take_target (HubHttpScanner *self, Line target, gboolean is_options)
{
  gsize length = 0;

  for (gsize i = 0; i < target.length; i++)
    if ((guchar) target.text[i] <= ' ' || (guchar) target.text[i] >= 0x7f || target.text[i] == '#'
        || (target.text[i] == '%' && !is_escape (target, i)))
      return FALSE;
  if (begins_with (target, "/") || (is_options && equals (target, "*")))
    return TRUE;
  if (!begins_with (target, "http://") && !begins_with (target, "https://"))
    return FALSE;
  target.text = (const char *) memchr (target.text, ':', target.length) + strlen ("://");
  /* A blank is behind the target. */
  while (strchr ("/? ", target.text[length]) == NULL)
    length++;
  self->authority = g_strndup (target.text, length);
  return TRUE;
}

static const HubHttpFault *
take_request_line (HubHttpScanner *self, Line line)
{
  const char *first = memchr (line.text, ' ', line.length);
  const char *last = memrchr (line.text, ' ', line.length);
  Line method, target, version;

  if (line.length == 0)
    {
      /* Some clients put an empty line behind a body: RFC 9112, 2.2. */
      if (self->blank)
        return &bad_request_line;
      self->blank = TRUE;
      return NULL;
    }
  if (first == NULL || first == last)
    return &bad_request_line;
  method = (Line){ line.text, (gsize) (first - line.text) };
  target = (Line){ first + 1, (gsize) (last - first - 1) };
  version = (Line){ last + 1, line.length - (gsize) (last + 1 - line.text) };
  if (!is_token (method.text, method.length) || method.length > MAX_METHOD
      || !take_target (self, target, equals (method, "OPTIONS")))
    return &bad_request_line;
  if (version.length != 8 || memcmp (version.text, "HTTP/", 5) != 0
      || !g_ascii_isdigit (version.text[5]) || version.text[6] != '.'
      || !g_ascii_isdigit (version.text[7]))
    return &bad_request_line;
  if (version.text[5] != '1' || version.text[7] > '1')
    return &bad_version;
  self->old = version.text[7] == '0';
  self->state = FIELDS;
  return NULL;
}

static const HubHttpFault *
take_length (HubHttpScanner *self, Line value)
{
  if (value.length == 0 || value.length > MAX_DIGITS)
    return &bad_length;
  for (gsize i = 0; i < value.length; i++)
    {
      if (!g_ascii_isdigit (value.text[i]))
        return &bad_length;
      self->left = self->left * 10 + (guint64) (value.text[i] - '0');
    }
  return NULL;
}

static int
find_single (Line name)
{
  for (guint i = 0; i < G_N_ELEMENTS (single); i++)
    if (equals (name, single[i]))
      return (int) i;
  return -1;
}

static const HubHttpFault *
take_field (HubHttpScanner *self, Line line)
{
  const char *colon = memchr (line.text, ':', line.length);
  Line name = { line.text, colon != NULL ? (gsize) (colon - line.text) : 0 };
  Line value;
  int which;

  /* A folded line begins with a blank, which is in no token. */
  if (!is_token (name.text, name.length))
    return &bad_field;
  value = trim ((Line){ colon + 1, line.length - name.length - 1 });
  if (!is_text (value.text, value.length))
    return &bad_line;
  if (++self->fields > HUB_HTTP_MAX_FIELDS)
    return &long_head;
  which = find_single (name);
  if (which < 0)
    return NULL;
  /* What frames a message or says whom it is for is not said behind its body. */
  if (self->state == TRAILERS)
    return &bad_field;
  if ((self->seen & (1u << which)) != 0)
    return which == CONTENT_LENGTH ? &bad_length : which == HOST ? &bad_host : &bad_twice;
  self->seen |= 1u << which;
  if (which == CONTENT_LENGTH)
    return take_length (self, value);
  if (which == TRANSFER_ENCODING && !equals (value, "chunked"))
    return &bad_coding;
  if (which != HOST)
    return NULL;
  self->host = g_strndup (value.text, value.length);
  return is_authority (self->host) ? NULL : &bad_host;
}

static const HubHttpFault *
end_head (HubHttpScanner *self)
{
  gboolean chunked = (self->seen & (1u << TRANSFER_ENCODING)) != 0;

  if (chunked && (self->old || (self->seen & (1u << CONTENT_LENGTH)) != 0))
    return &bad_coding;
  if (self->host == NULL && !self->old)
    return &bad_host;
  if (self->authority != NULL
      && (self->host == NULL || g_ascii_strcasecmp (self->authority, self->host) != 0))
    return &bad_host;
  if (chunked)
    self->state = CHUNK_LINE;
  else if (self->left > 0)
    self->state = BODY;
  else
    begin (self);
  return NULL;
}

static const HubHttpFault *
take_chunk_line (HubHttpScanner *self, Line line)
{
  gsize digits = 0;

  self->left = 0;
  for (; digits < line.length && g_ascii_isxdigit (line.text[digits]); digits++)
    {
      if (digits == MAX_HEX_DIGITS)
        return &bad_chunk;
      self->left = self->left * 16 + (guint64) g_ascii_xdigit_value (line.text[digits]);
    }
  if (digits == 0 || (digits < line.length && line.text[digits] != ';')
      || !is_text (line.text, line.length))
    return &bad_chunk;
  self->state = self->left > 0 ? CHUNK : TRAILERS;
  return NULL;
}

static const HubHttpFault *
take_line (HubHttpScanner *self, Line line)
{
  switch (self->state)
    {
    case REQUEST_LINE:
      return take_request_line (self, line);
    case FIELDS:
      return line.length > 0 ? take_field (self, line) : end_head (self);
    case CHUNK_LINE:
      return take_chunk_line (self, line);
    case CHUNK_END:
      self->state = CHUNK_LINE;
      return line.length > 0 ? &bad_chunk : NULL;
    default:
      if (line.length > 0)
        return take_field (self, line);
      begin (self);
      return NULL;
    }
}

static gsize
longest_line (HubHttpScanner *self)
{
  switch (self->state)
    {
    case REQUEST_LINE:
      return HUB_HTTP_MAX_TARGET;
    case CHUNK_LINE:
      return MAX_CHUNK_LINE;
    case CHUNK_END:
      return 2;
    default:
      return HUB_HTTP_MAX_FIELD;
    }
}

static const HubHttpFault *
too_long (HubHttpScanner *self)
{
  switch (self->state)
    {
    case REQUEST_LINE:
      return &long_target;
    case CHUNK_LINE:
    case CHUNK_END:
      return &bad_chunk;
    default:
      return &long_head;
    }
}

/* The next line with its end, 0 if it is not all there. */
static gsize
scan_line (HubHttpScanner *self, const char *text, gsize size, const HubHttpFault **fault)
{
  gsize most = longest_line (self);
  const char *end = memchr (text, '\n', MIN (size, most));
  gsize length;

  if (end == NULL)
    {
      *fault = size >= most ? too_long (self) : NULL;
      return 0;
    }
  length = (gsize) (end + 1 - text);
  if (length < 2 || end[-1] != '\r' || memchr (text, '\r', length - 2) != NULL)
    *fault = &bad_line;
  else if (self->state != CHUNK_LINE && self->state != CHUNK_END
           && (self->head += length) > HUB_HTTP_MAX_HEAD)
    *fault = &long_head;
  else
    *fault = take_line (self, (Line){ text, length - 2 });
  return length;
}

static gsize
scan_body (HubHttpScanner *self, gsize size)
{
  gsize taken = (gsize) MIN ((guint64) size, self->left);

  self->left -= taken;
  if (self->left == 0 && self->state == CHUNK)
    self->state = CHUNK_END;
  else if (self->left == 0)
    begin (self);
  return taken;
}

gsize
hub_http_scanner_take (HubHttpScanner *self, const guint8 *data, gsize size,
                       const HubHttpFault **fault)
{
  gboolean over = FALSE;
  gsize taken = 0, n;

  *fault = NULL;
  while (taken < size && !over && self->state != REFUSED)
    {
      if (self->state == BODY || self->state == CHUNK)
        n = scan_body (self, size - taken);
      else
        n = scan_line (self, (const char *) data + taken, size - taken, fault);
      if (*fault != NULL)
        {
          self->state = REFUSED;
          return 0;
        }
      taken += n;
      over = n == 0 || (self->state == REQUEST_LINE && !self->blank);
    }
  return taken;
}
