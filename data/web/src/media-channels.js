// SPDX-License-Identifier: LGPL-2.1-or-later
// Data channels of a page's connection to the worker: what crosses them does not wait for the hub.

/**
 * How a channel is opened, as the session's modality declared it: `once` for what is not sent again
 * when it is lost, `binary` for bytes.
 * @typedef {{once?: boolean, binary?: boolean}} ChannelOptions
 */

/** Bytes that may wait: of what is sent once the newest counts, and what waits is old. */
const maxWaiting = 256 * 1024;
const maxWaitingOnce = 16 * 1024;

/**
 * The channels of one connection after the other, by their labels. Tells 'change' when one of them
 * can be used or no longer, 'lost' when the connection that has them is to be made anew, and
 * 'message', a CustomEvent with {label, data}.
 */
export class MediaChannels extends EventTarget {
  /** @param {Record<string, ChannelOptions>} declared */
  constructor(declared) {
    super();
    this.declared = declared;
    /** @type {Map<string, RTCDataChannel>} */
    this.channels = new Map();
  }

  /** On a new connection, before its first offer. @param {RTCPeerConnection} connection */
  open(connection) {
    for (const [label, { once = false, binary = false }] of Object.entries(this.declared)) {
      const channel = connection.createDataChannel(label, once ? { ordered: false, maxRetransmits: 0 } : {});
      if (binary)
        channel.binaryType = 'arraybuffer';
      channel.onopen = () => this.dispatchEvent(new Event('change'));
      channel.onclose = () => this.lose(label, channel);
      channel.onmessage = ({ data }) => this.dispatchEvent(new CustomEvent('message', { detail: { label, data } }));
      this.channels.set(label, channel);
    }
  }

  /** The connection is over. */
  close() {
    const open = [...this.channels.values()];
    this.channels.clear();
    for (const channel of open) {
      channel.onopen = channel.onclose = channel.onmessage = null;
      channel.close();
    }
    if (open.length)
      this.dispatchEvent(new Event('change'));
  }

  /** @param {string} label @param {RTCDataChannel} channel */
  lose(label, channel) {
    if (this.channels.get(label) !== channel)
      return;
    this.channels.delete(label);
    this.dispatchEvent(new Event('change'));
    // One alone was refused, and to open it again would not help.
    if (!this.channels.size)
      this.dispatchEvent(new Event('lost'));
  }

  /** @param {string} label */
  isOpen(label) {
    return this.channels.get(label)?.readyState === 'open';
  }

  /**
   * @param {string} label @param {string | ArrayBuffer} data
   * @returns {boolean} whether it was taken: not while there is no connection, or too much waits
   */
  send(label, data) {
    const channel = this.channels.get(label);
    const most = this.declared[label]?.once ? maxWaitingOnce : maxWaiting;
    if (channel?.readyState !== 'open' || channel.bufferedAmount > most)
      return false;
    if (typeof data === 'string')
      channel.send(data);
    else
      channel.send(data);
    return true;
  }
}
