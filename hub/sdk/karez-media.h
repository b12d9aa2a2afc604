/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "karez-participant.h"

G_BEGIN_DECLS

#define KAREZ_TYPE_MEDIA (karez_media_get_type ())
KAREZ_PUBLIC
G_DECLARE_INTERFACE (KarezMedia, karez_media, KAREZ, MEDIA, GObject)

/**
 * KarezChannelFlags:
 * @KAREZ_CHANNEL_NONE: UTF-8 texts, of which none is lost, and all come in order
 * @KAREZ_CHANNEL_ONCE: sent once, in no order: what is lost is not sent again, and what finds no
 *   room is left out
 * @KAREZ_CHANNEL_BINARY: bytes, not texts
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_CHANNEL_NONE = 0,
  KAREZ_CHANNEL_ONCE = 1 << 0,
  KAREZ_CHANNEL_BINARY = 1 << 1,
} KarezChannelFlags;

/**
 * KarezSourceFlags:
 * @KAREZ_SOURCE_NONE: a picture of who sends it, beside their voice
 * @KAREZ_SOURCE_VOICE: sound
 * @KAREZ_SOURCE_SHARED: a picture that is shown to all while it is on, beside nobody's voice
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_SOURCE_NONE = 0,
  KAREZ_SOURCE_VOICE = 1 << 0,
  KAREZ_SOURCE_SHARED = 1 << 1,
} KarezSourceFlags;

/* How many sources and data channels a modality declares, and the characters of their labels. */
#define KAREZ_MEDIA_MAX_SOURCES 8
#define KAREZ_MEDIA_MAX_CHANNELS 8
#define KAREZ_MEDIA_MAX_LABEL 32
/* Of a message on a data channel, bytes; and messages a second. */
#define KAREZ_CHANNEL_MAX_SIZE 65536
#define KAREZ_CHANNEL_MAX_RATE 1000

/**
 * KarezCodec:
 * @KAREZ_CODEC_OPUS: RFC 7587
 * @KAREZ_CODEC_VP8: RFC 7741
 * @KAREZ_CODEC_H264: RFC 6184, constrained baseline, packetization mode 1
 *
 * Since: 1.1
 */
typedef enum
{
  KAREZ_CODEC_OPUS,
  KAREZ_CODEC_VP8,
  KAREZ_CODEC_H264,
} KarezCodec;

/* How many taps a session has at once; of one message of a tap, bytes. */
#define KAREZ_MEDIA_MAX_TAPS 8
#define KAREZ_TAP_MAX_SIZE 49152
/* Where each packet begins in it: at a multiple of this many bytes. */
#define KAREZ_TAP_ALIGN 8
/* Of every RTP packet that a tap sends, whatever its codec. */
#define KAREZ_TAP_PAYLOAD_TYPE 96
/* A flag: packets were left out before this one, since there was no room for them, or nothing was
 * passed on. */
#define KAREZ_TAP_GAP 1

/**
 * KarezTapPacket:
 * @size: of the RTP packet (RFC 3550) that follows, in bytes; the next one begins at the next
 *   multiple of %KAREZ_TAP_ALIGN
 * @codec: a #KarezCodec
 * @flags: %KAREZ_TAP_GAP or 0
 * @track: which stream it is of, its SSRC too; a page that comes anew has another one
 * @arrival: when the worker's machine took it, CLOCK_MONOTONIC in µs
 * @capture: when the frame was taken by the clock of who sent it, as abs-capture-time of the WebRTC
 *   project has it (NTP, 32 bits of seconds and 32 of their parts); 0 where the packet does not say
 *
 * What stands before each RTP packet in a message of a tap, in the byte order of the machine.
 *
 * Since: 1.1
 */
typedef struct
{
  guint16 size;
  guint8 codec, flags;
  guint32 track;
  gint64 arrival;
  guint64 capture;
} KarezTapPacket;

/**
 * KarezMediaInterface:
 * Speech and pictures among the people of one session, by WebRTC. In the worker, on the thread
 * that made it.
 *
 * A page and this object talk by messages whose type begins with "media.": a modality that has
 * media hands them to karez_media_take(), and they are described in data/api/media.md.
 *
 * Since: 1.0
 */
struct _KarezMediaInterface
{
  GTypeInterface parent;
  gboolean (*take) (KarezMedia *self, KarezParticipant *participant, JsonObject *message,
                    GError **error);
  void (*join) (KarezMedia *self, KarezParticipant *participant);
  void (*leave) (KarezMedia *self, KarezParticipant *participant);
  void (*set_forwarding) (KarezMedia *self, gboolean on);
  JsonNode *(*get_statistics) (KarezMedia *self);
  void (*declare_channel) (KarezMedia *self, const char *label, KarezChannelFlags flags,
                           gsize max_size, guint max_rate);
  gboolean (*send) (KarezMedia *self, KarezParticipant *participant, const char *label,
                    GBytes *message, GError **error);
  void (*declare_source) (KarezMedia *self, const char *label, KarezSourceFlags flags);
  int (*tap) (KarezMedia *self, const char *participant, const char *source, GError **error);
  int (*publish) (KarezMedia *self, const char *participant, const char *source, KarezCodec codec,
                  GError **error);
  gpointer padding[3];
};

/**
 * karez_media_is_message:
 *
 * Whether a page's message is for karez_media_take().
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_media_is_message (JsonObject *message);

/**
 * karez_media_take:
 * @participant: a local one that is in the session
 * @message: what its page sent
 *
 * The answer, if there is one, is sent to the participant. %KAREZ_ERROR_INVALID for what is
 * malformed, %KAREZ_ERROR_CONFLICT for a page that another one took the place of.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC gboolean karez_media_take (KarezMedia *self, KarezParticipant *participant,
                                        JsonObject *message, GError **error);
/**
 * karez_media_join:
 *
 * Somebody of this hospital came, or their page came back: it is told who can be seen and heard.
 * For local participants alone: the partner's are its own worker's.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_media_join (KarezMedia *self, KarezParticipant *participant);
/**
 * karez_media_leave:
 *
 * A local participant left: nobody sees or hears them any more.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_media_leave (KarezMedia *self, KarezParticipant *participant);
/**
 * karez_media_set_forwarding:
 *
 * Whether anything is passed on from one to another: not before, and no longer than, it is allowed.
 * FALSE at first.
 *
 * Since: 1.0
 */
KAREZ_PUBLIC void karez_media_set_forwarding (KarezMedia *self, gboolean on);
/**
 * karez_media_get_statistics:
 *
 * {"forwarding", "people": [{"participant", "state", "bitrate_in", "bitrate_out", "loss_in",
 * "loss_out", "rtt_ms", "jitter_ms"}]}; bit/s, shares from 0 to 1.
 *
 * Returns: (transfer full):
 *
 * Since: 1.0
 */
KAREZ_PUBLIC JsonNode *karez_media_get_statistics (KarezMedia *self);
/**
 * karez_media_declare_source:
 * @label: 1 to %KAREZ_MEDIA_MAX_LABEL of a-z, 0-9 and "-"
 *
 * What people may send, each of it once: at most %KAREZ_MEDIA_MAX_SOURCES of them in the modality's
 * prepare, of which one page sends four. A modality that declares nothing has "microphone" (a
 * voice), "camera" and "screen" (shared); one that declares a source has those that it declares.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_media_declare_source (KarezMedia *self, const char *label,
                                              KarezSourceFlags flags);
/**
 * karez_media_declare_channel:
 * @label: 1 to %KAREZ_MEDIA_MAX_LABEL of a-z, 0-9 and "-"
 * @max_size: of a message from a page, in bytes: 1 to %KAREZ_CHANNEL_MAX_SIZE
 * @max_rate: of messages from one page, each second: 1 to %KAREZ_CHANNEL_MAX_RATE; a page may be
 *   a second ahead
 *
 * A page may open a data channel of this label (RFC 8832), between itself and this worker: what
 * crosses it does not wait for the hub, and it stays while the hub is away. At most
 * %KAREZ_MEDIA_MAX_CHANNELS, each once, in the modality's prepare. A channel that is not declared,
 * or that the page opens for another delivery, is closed; a message of the other kind, one that is
 * too large, or above the rate, is left out. The page is told of either, with the rule.
 *
 * The signal "message" (#KarezParticipant *participant, const char *label, GBytes *message) is
 * emitted for each message. "channel" (#KarezParticipant *participant, const char *label, gboolean
 * open) says that a page's channel can be used, or no longer.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC void karez_media_declare_channel (KarezMedia *self, const char *label,
                                               KarezChannelFlags flags, gsize max_size,
                                               guint max_rate);
/**
 * karez_media_send:
 * @participant: a local one
 * @message: of at most %KAREZ_CHANNEL_MAX_SIZE bytes; UTF-8 unless the channel is binary
 *
 * Sends to a page over its channel of that label. %KAREZ_ERROR_UNAVAILABLE, "media/channel": it has
 * none open. %KAREZ_ERROR_BUSY, "media/waiting": 256 KiB wait for it already; send it what is
 * newest once it goes on.
 *
 * Since: 1.1
 */
KAREZ_PUBLIC gboolean karez_media_send (KarezMedia *self, KarezParticipant *participant,
                                        const char *label, GBytes *message, GError **error);
/**
 * karez_media_tap:
 * @participant: the id of somebody at either hospital
 * @source: a label
 *
 * Gives one end of a SOCK_SEQPACKET socket, from which a program of the session
 * (karez_program_send()) reads what that participant sends of this source, as long as anything is
 * passed on (karez_media_set_forwarding()). Each message holds RTP packets that came together, each
 * after a #KarezTapPacket: decrypted, in the order in which they came, what was lost and sent again
 * among them. A picture begins with a whole one (a key frame), also after packets were left out
 * because the program did not read them. Whoever reads may send one byte, which asks for a whole
 * picture; and ends the tap by closing the socket. A picture that is tapped is looked at: its page
 * sends it.
 *
 * The tap stays when the participant's page goes, and follows the next one. %KAREZ_ERROR_INVALID,
 * "rtc/source". %KAREZ_ERROR_BUSY, "media/taps": there are %KAREZ_MEDIA_MAX_TAPS already.
 *
 * Returns: a descriptor, which is the caller's to close; -1 with @error set
 *
 * Since: 1.1
 */
KAREZ_PUBLIC int karez_media_tap (KarezMedia *self, const char *participant, const char *source,
                                  GError **error);
/**
 * karez_media_publish:
 * @participant: the id of somebody of this hospital who has joined the media (karez_media_join())
 * @source: a label, of which that participant sends nothing
 * @codec: of the kind of the source
 *
 * Gives one end of a SOCK_SEQPACKET socket, to which a program of the session
 * (karez_program_send()) writes a stream of its own, sent in the name of @participant: shown at
 * pages of both hospitals, tapped and counted as what a page sends. Each message holds RTP packets,
 * each after a #KarezTapPacket, as those of a tap: of that, the size and the capture time are read.
 * Numbers and times of RTP begin anywhere and go on as RFC 3550 has it; extensions and payload type
 * do not matter; a packet has at most 1,396 bytes. What is no RTP is left out, and of more than
 * 10,000 packets a second the rest waits. The program may read: each byte asks for a whole picture
 * (a key frame), at most twice a second.
 *
 * It ends when the socket is closed, when the participant leaves, and when their page sends the
 * same source. %KAREZ_ERROR_INVALID, "rtc/source", "media/codec". %KAREZ_ERROR_NOT_FOUND,
 * "media/participant". %KAREZ_ERROR_CONFLICT, "media/published". %KAREZ_ERROR_BUSY,
 * "media/intakes": there are %KAREZ_MEDIA_MAX_TAPS already.
 *
 * Returns: a descriptor, which is the caller's to close; -1 with @error set
 *
 * Since: 1.1
 */
KAREZ_PUBLIC int karez_media_publish (KarezMedia *self, const char *participant, const char *source,
                                      KarezCodec codec, GError **error);

G_END_DECLS
