import { describe, expect, it } from "vitest";
import { outboundUrlFault } from "../../../src/policy/outbound_url.ts";

const elsewhere = { loopback: false };
const athome = { loopback: true };

describe("OWASP API7: which addresses of others are called", () => {
  it.each([
    "https://client.example/logout",
    "https://client.example:8443/a/b?tenant=1",
    "https://xn--bcher-kva.example/",
    "https://8.8.8.8/",
    "https://172.15.255.255/",
    "https://172.32.0.0/",
    "https://100.63.255.255/",
    "https://169.253.255.255/",
    "https://[2606:4700::1111]/",
    "https://[2001:4860:4860::8888]/",
    "https://[2001:200::1]/",
    "https://internal.client.example/",
  ])("%s is called", (url) => {
    expect(outboundUrlFault(url, elsewhere)).toBeNull();
    expect(outboundUrlFault(url, athome)).toBeNull();
  });

  it.each([
    ["loopback", "https://127.0.0.1/"],
    ["loopback's other addresses", "https://127.255.255.254/"],
    ["decimal", "https://2130706433/"],
    ["hexadecimal", "https://0x7f000001/"],
    ["hexadecimal by octets", "https://0x7f.0x0.0x0.0x1/"],
    ["octal", "https://0177.0.0.01/"],
    ["short", "https://127.1/"],
    ["full width digits", "https://１２７.0.0.1/"],
    ["percent-encoded", "https://%31%32%37.0.0.1/"],
    ["a trailing dot", "https://127.0.0.1./"],
    ["this host", "https://0.0.0.0/"],
    ["this host, short", "https://0/"],
    ["IPv6 loopback", "https://[::1]/"],
    ["IPv6 unspecified", "https://[::]/"],
    ["IPv4 mapped", "https://[::ffff:127.0.0.1]/"],
    ["IPv4 mapped in hexadecimal", "https://[::ffff:7f00:1]/"],
    ["IPv4 compatible", "https://[::127.0.0.1]/"],
    ["localhost", "https://localhost/"],
    ["localhost in capitals, with a dot", "https://LOCALHOST./"],
    ["below localhost", "https://app.localhost/"],
  ])("%s (%s) is not, but from an issuer on this machine where it is spelled as loopback", (_, url) => {
    expect(outboundUrlFault(url, elsewhere)).toBe("url_host_not_public");
  });

  it.each([
    ["10/8", "https://10.1.2.3/"],
    ["172.16/12", "https://172.16.0.1/"],
    ["172.16/12, its end", "https://172.31.255.255/"],
    ["192.168/16", "https://192.168.1.1/"],
    ["a private network in decimal", "https://3232235777/"],
    ["shared (carrier) space", "https://100.64.0.1/"],
    ["a cloud's metadata", "https://169.254.169.254/latest/meta-data/"],
    ["the same in octal", "https://0251.0376.0251.0376/"],
    ["the same, mapped", "https://[::ffff:169.254.169.254]/"],
    ["a cloud's metadata over IPv6", "https://[fd00:ec2::254]/"],
    ["multicast", "https://224.0.0.1/"],
    ["reserved", "https://240.0.0.1/"],
    ["broadcast", "https://255.255.255.255/"],
    ["benchmarks", "https://198.19.0.1/"],
    ["documents", "https://203.0.113.7/"],
    ["unique local", "https://[fc00::1]/"],
    ["link local", "https://[fe80::1]/"],
    ["site local", "https://[fec0::1]/"],
    ["multicast IPv6", "https://[ff02::1]/"],
    ["NAT64 to loopback", "https://[64:ff9b::7f00:1]/"],
    ["6to4 of 10.0.0.1", "https://[2002:a00:1::]/"],
    ["Teredo", "https://[2001::1]/"],
    ["ORCHID", "https://[2001:20::1]/"],
    ["documents IPv6", "https://[2001:db8::1]/"],
    ["documents IPv6, the newer", "https://[3fff:fff::1]/"],
    ["a cloud's name for it", "https://metadata.google.internal/"],
    ["a printer's name", "https://printer.local/"],
    ["a home network's name", "https://router.home.arpa/"],
    ["a name without a dot", "https://intranet/"],
  ])("%s (%s) is not, wherever the issuer is", (_, url) => {
    expect(outboundUrlFault(url, elsewhere)).toBe("url_host_not_public");
    expect(outboundUrlFault(url, athome)).toBe("url_host_not_public");
  });

  it.each([
    ["url_malformed", "not a url"],
    ["url_malformed", "//client.example/"],
    ["url_malformed", "https://[::1/"],
    ["url_scheme_not_allowed", "http://client.example/"],
    ["url_scheme_not_allowed", "file:///etc/passwd"],
    ["url_scheme_not_allowed", "ftp://client.example/"],
    ["url_scheme_not_allowed", "gopher://127.0.0.1:6379/"],
    ["url_scheme_not_allowed", "data:text/plain,x"],
    ["url_with_credentials", "https://user@client.example/"],
    ["url_with_credentials", "https://a:b@client.example/"],
    ["url_with_fragment", "https://client.example/#a"],
    ["url_with_fragment", "https://client.example/#"],
  ])("%s: %s", (fault, url) => {
    expect(outboundUrlFault(url, elsewhere)).toBe(fault);
    expect(outboundUrlFault(url, athome)).toBe(fault);
  });

  it.each(["http://localhost:3000/x", "http://127.0.0.1:3000/", "https://[::1]:3000/", "http://2130706433/"])(
    "%s is for an issuer on this machine alone",
    (url) => {
      expect(outboundUrlFault(url, athome)).toBeNull();
      expect(outboundUrlFault(url, elsewhere)).not.toBeNull();
    },
  );
});
