//! Which addresses belong to no public host.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is instead of a public host's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKind {
    /// 127.0.0.0/8, ::1: this machine.
    Loopback,
    /// 0.0.0.0/8, ::: this machine, to most systems.
    Unspecified,
    /// Networks behind a router: 10/8, 172.16/12, 192.168/16, fc00::/7, fec0::/10.
    Private,
    /// 169.254/16, fe80::/10: the same wire.
    LinkLocal,
    /// 100.64/10: behind a provider's router, and some clouds' own services.
    SharedAddress,
    /// Where clouds hand out credentials to their machines.
    Metadata,
    /// 224/4, ff00::/8.
    Multicast,
    /// 192.0.2/24, 198.51.100/24, 203.0.113/24, 2001:db8::/32, 3fff::/20.
    Documentation,
    /// Not given to anybody, or for protocols and measurements only.
    Reserved,
    /// It belongs to the machine that the proxy runs on.
    ThisMachine,
}

impl AddressKind {
    /// In words, as in "a loopback address".
    pub fn words(self) -> &'static str {
        match self {
            Self::Loopback => "a loopback address",
            Self::Unspecified => "the unspecified address",
            Self::Private => "an address of a private network",
            Self::LinkLocal => "a link-local address",
            Self::SharedAddress => "an address behind a provider's router",
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Multicast => "a multicast address",
            Self::Documentation => "an address for documentation",
            Self::Reserved => "a reserved address",
            Self::ThisMachine => "an address of this machine",
        }
    }

    /// What is there to be lost.
    pub fn danger(self) -> &'static str {
        match self {
            Self::Metadata => "which hands out the machine's credentials",
            Self::Loopback | Self::Unspecified | Self::ThisMachine => {
                "where services of this machine listen"
            }
            Self::Private | Self::LinkLocal | Self::SharedAddress => {
                "where machines trust their neighbours"
            }
            Self::Multicast | Self::Documentation | Self::Reserved => "and no public host",
        }
    }
}

/// What keeps an address from being a public one; `None` for a public one. Addresses that carry an IPv4 address (mapped,
/// 6to4, NAT64, ISATAP) are what that is; Teredo, IPv4-compatible and IPv4-translated ones are reserved.
///
/// Source: IANA's special-purpose registries for IPv4 and IPv6, and the metadata addresses in the clouds' manuals.
pub fn special_kind(address: IpAddr) -> Option<AddressKind> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<AddressKind> {
    let kind = match address.octets() {
        [169, 254, 169, 254 | 253 | 250 | 251]
        | [169, 254, 170, 2 | 23]
        | [168, 63, 129, 16]
        | [100, 100, 100, 200]
        | [192, 0, 0, 192] => AddressKind::Metadata,
        [0, ..] => AddressKind::Unspecified,
        [127, ..] => AddressKind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        [169, 254, ..] => AddressKind::LinkLocal,
        [100, 64..=127, ..] => AddressKind::SharedAddress,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressKind::Documentation,
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [240..=255, ..] => {
            AddressKind::Reserved
        }
        [224..=239, ..] => AddressKind::Multicast,
        _ => return None,
    };
    Some(kind)
}

fn special_v6(address: Ipv6Addr) -> Option<AddressKind> {
    let segments = address.segments();
    let carried = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        special_v4(Ipv4Addr::new(a, b, c, d))
    };
    let kind = match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            return carried(high, low);
        }
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254 | 0x253 | 0x123 | 0x23]
        | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254] => AddressKind::Metadata,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => AddressKind::Documentation,
        // Protocols, Teredo among them.
        [0x2001, 0..=0x1ff, ..] => AddressKind::Reserved,
        [0x2002, high, low, ..] => return carried(high, low),
        [0x2000..=0x3fff, _, _, _, 0 | 0x200, 0x5efe, high, low] => return carried(high, low),
        [0x2000..=0x3fff, ..] => return None,
        _ => AddressKind::Reserved,
    };
    Some(kind)
}

#[cfg(test)]
mod tests {
    use super::{AddressKind, special_kind};
    use proptest::prelude::*;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    fn kind(text: &str) -> Option<AddressKind> {
        special_kind(text.parse().expect("an address"))
    }

    #[test]
    fn special_addresses_are_known_in_all_their_forms() {
        use AddressKind as Kind;
        for (text, expected) in [
            ("127.0.0.1", Kind::Loopback),
            ("127.255.255.254", Kind::Loopback),
            ("0.0.0.0", Kind::Unspecified),
            ("0.1.2.3", Kind::Unspecified),
            ("10.0.0.1", Kind::Private),
            ("172.16.0.1", Kind::Private),
            ("172.31.255.255", Kind::Private),
            ("192.168.1.1", Kind::Private),
            ("169.254.0.1", Kind::LinkLocal),
            ("169.254.169.254", Kind::Metadata),
            ("169.254.170.2", Kind::Metadata),
            ("168.63.129.16", Kind::Metadata),
            ("100.100.100.200", Kind::Metadata),
            ("192.0.0.192", Kind::Metadata),
            ("100.64.0.1", Kind::SharedAddress),
            ("100.127.255.255", Kind::SharedAddress),
            ("192.0.2.1", Kind::Documentation),
            ("198.51.100.7", Kind::Documentation),
            ("203.0.113.9", Kind::Documentation),
            ("198.18.0.1", Kind::Reserved),
            ("192.0.0.1", Kind::Reserved),
            ("224.0.0.1", Kind::Multicast),
            ("240.0.0.1", Kind::Reserved),
            ("255.255.255.255", Kind::Reserved),
            ("::", Kind::Unspecified),
            ("::1", Kind::Loopback),
            ("::ffff:127.0.0.1", Kind::Loopback),
            ("::ffff:169.254.169.254", Kind::Metadata),
            ("::127.0.0.1", Kind::Reserved),
            ("::ffff:0:127.0.0.1", Kind::Reserved),
            ("64:ff9b::10.0.0.1", Kind::Private),
            ("64:ff9b:1::10.0.0.1", Kind::Reserved),
            ("2002:7f00:1::", Kind::Loopback),
            ("2002:a9fe:a9fe::1", Kind::Metadata),
            ("2001:0:4136:e378:8000:63bf:80ff:fffe", Kind::Reserved),
            ("2a00::5efe:10.0.0.1", Kind::Private),
            ("2a00::200:5efe:127.0.0.1", Kind::Loopback),
            ("fd00:ec2::254", Kind::Metadata),
            ("fd20:ce::254", Kind::Metadata),
            ("fc00::1", Kind::Private),
            ("fdff::1", Kind::Private),
            ("fec0::1", Kind::Private),
            ("fe80::1", Kind::LinkLocal),
            ("ff02::1", Kind::Multicast),
            ("2001:db8::1", Kind::Documentation),
            ("3fff::1", Kind::Documentation),
            ("100::1", Kind::Reserved),
            ("5f00::1", Kind::Reserved),
            ("4000::1", Kind::Reserved),
        ] {
            assert_eq!(kind(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn public_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "2001:200::1",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(kind(text), None, "{text}");
        }
    }

    proptest! {
        // The standard library knows part of the ranges: what it calls special is special here.
        #[test]
        fn nothing_that_the_standard_library_calls_special_is_public(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            let special = address.is_private() || address.is_loopback() || address.is_link_local()
                || address.is_broadcast() || address.is_documentation() || address.is_multicast()
                || address.is_unspecified();
            if special {
                prop_assert!(special_kind(IpAddr::V4(address)).is_some());
            }
            let mapped = address.to_ipv6_mapped();
            prop_assert_eq!(special_kind(IpAddr::V6(mapped)), special_kind(IpAddr::V4(address)));
            prop_assert!(special_kind(IpAddr::V6(address.to_ipv6_compatible())).is_some());
        }

        #[test]
        fn outside_the_global_block_nothing_is_public_but_what_carries_ipv4(bits: u128) {
            let address = Ipv6Addr::from_bits(bits);
            if special_kind(IpAddr::V6(address)).is_none() && address.segments()[0] >> 13 != 1 {
                prop_assert!(address.to_ipv4_mapped().is_some() || address.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0]);
            }
        }
    }
}
