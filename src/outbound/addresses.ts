import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { HostError } from '../errors.ts';

/** The address must not be reached; the message may be shown to whoever named it. */
export class AddressRefused extends Error {}

/** All of IPv6 that is given out (RFC 4291 §2.4, IANA); the rest holds old ways to write IPv4, among others. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/**
 * Which addresses may be reached: public ones, and what the operator names. Private, loopback, link-local,
 * unique-local, unspecified, multicast and reserved ones are not, however they are written.
 */
export class Addresses {
  readonly #names = new Set<string>();
  readonly #allowed = new BlockList();

  /**
   * @param allowed host names, addresses and CIDR ranges, as PUSH_ALLOW names them.
   * @throws HostError `config` naming the entry that is none.
   */
  constructor(allowed: readonly string[]) {
    for (const entry of allowed) {
      if (this.#allow(entry.toLowerCase())) continue;
      const problem = `PUSH_ALLOW: ${JSON.stringify(entry)} is no host, address or CIDR range`;
      throw new HostError('config', problem, { field: 'PUSH_ALLOW' });
    }
  }

  #allow(entry: string): boolean {
    const [address = '', bits] = entry.replace(/^\[|\]$/g, '').split('/');
    const version = isIP(address);
    if (bits !== undefined) {
      if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (version === 6 ? 128 : 32)) return false;
      this.#allowed.addSubnet(address, Number(bits), familyOf(address));
    } else if (version !== 0) this.#allowed.addAddress(address, familyOf(address));
    else if (/^[a-z0-9_]([a-z0-9._-]*[a-z0-9])?$/.test(address)) this.#names.add(address);
    else return false;
    return true;
  }

  /** Looks a name up for a connection about to be made, and refuses what it must not lead to. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      const [first] = found ?? [];
      if (error || first === undefined)
        callback(error ?? new AddressRefused('the host has no address'), '', 4);
      else if (!this.#knows(hostname) && found.some(({ address }) => this.#refuses(address))) {
        callback(new AddressRefused('the address is not allowed'), '', 4);
      } else if (options.all) callback(null, found);
      else callback(null, first.address, first.family);
    });
  };

  /** A host that is an address needs no looking up. @throws AddressRefused */
  check(hostname: string): void {
    const host = hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && this.#refuses(host)) throw new AddressRefused('the address is not allowed');
  }

  #knows(hostname: string): boolean {
    return this.#names.has(hostname.toLowerCase().replace(/\.$/, ''));
  }

  #refuses(address: string): boolean {
    if (this.#allowed.check(address, familyOf(address))) return false;
    const plain = ipaddr.process(address);
    return plain.range() !== 'unicast' || (plain instanceof ipaddr.IPv6 && !plain.match(GLOBAL_UNICAST));
  }
}
