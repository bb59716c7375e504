//! Lines as Debian's ieee-data 20220827.1 has them, and lines that lie.

use std::fs;

use super::*;
use crate::policy::DeviceAddress;

const OUI_TXT: &str = "OUI/MA-L                                                    Organization        \n\
    company_id                                                  Organization        \n\
    \x20                                                           Address             \n\r\n\
    A4-45-19   (hex)\t\tXiaomi Communications Co Ltd\r\n\
    A44519     (base 16)\t\tXiaomi Communications Co Ltd\r\n\
    \t\t\t\tThe Rainbow City of China Resources\r\n\
    \t\t\t\tBeijing  Haidian District  100085\r\n\
    \t\t\t\tCN\r\n\r\n\
    74-1A-E0   (hex)\t\tIEEE Registration Authority\r\n\
    741AE0     (base 16)\t\tIEEE Registration Authority\r\n\
    70-B3-D5   (hex)\t\tIEEE Registration Authority\r\n\
    70B3D5     (base 16)\t\tIEEE Registration Authority\r\n\
    0C-96-BF   (hex)\t\tPrivate\r\n\
    0C96BF     (base 16)\t\tPrivate\r\n";

const MAM_TXT: &str = "74-1A-E0   (hex)\t\tPrivate\r\n\
    900000-9FFFFF     (base 16)\t\tPrivate\r\n\r\n\
    20-85-93   (hex)\t\tIOG Products LLC\r\n\
    B00000-BFFFFF     (base 16)\t\tIOG Products LLC\r\n";

const OUI36_TXT: &str = "70-B3-D5   (hex)\t\tTELEPLATFORMS\r\n\
    F2F000-F2FFFF     (base 16)\t\tTELEPLATFORMS\r\n";

const IAB_TXT: &str = "00-50-C2                      (hex)                         DEUTA-WERKE GmbH                             \n\
    7D5000-7D5FFF                 (base 16)                     DEUTA-WERKE GmbH                             \n";

const CSV: &str = "Registry,Assignment,Organization Name,Organization Address\r\n\
    MA-L,A44519,Xiaomi Communications Co Ltd,The Rainbow City of China Resources Beijing CN 100085 \r\n\
    MA-L,F4BD9E,\"Cisco Systems, Inc\",80 West Tasman Drive San Jose CA US 94568 \r\n\
    MA-L,001EFC,\"JSC \"\"MASSA-K\"\"\",\"15, A, Pirogovskaya nab. Saint-Petersburg RU 194044 \"\r\n\
    MA-M,741AE09,Private,\r\n\
    MA-S,70B3D5F2F,TELEPLATFORMS,\"Polbina st., 3/1 Moscow  RU 109388 \"\r\n\
    IAB,0050C27D5,DEUTA-WERKE GmbH,Paffrather Strasse 140 Bergisch-Gladbach NRW DE 51465 \r\n";

/// The list out of one text a file, in a folder of its own.
fn read(files: &[(&str, &str)]) -> Vendors {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let (first, _) = files.first().unwrap();
    let (vendors, wrong) = Vendors::read(&super::files(Some(&folder.path().join(first))));
    assert_eq!(wrong, None);
    vendors
}

fn of<'v>(vendors: &'v Vendors, address: &str) -> Option<&'v str> {
    vendors.of(address.parse::<DeviceAddress>().unwrap().key())
}

#[test]
fn the_text_form_names_the_maker_by_the_smallest_block_that_holds_the_address() {
    let vendors =
        read(&[("oui.txt", OUI_TXT), ("mam.txt", MAM_TXT), ("oui36.txt", OUI36_TXT), ("iab.txt", IAB_TXT)]);
    assert_eq!(vendors.len(), 8);
    for (address, name) in [
        ("a4:45:19:12:34:56", Some("Xiaomi Communications Co Ltd")),
        ("20:85:93:b0:00:00", Some("IOG Products LLC")),
        ("20:85:93:bf:ff:ff", Some("IOG Products LLC")),
        ("20:85:93:c0:00:00", None),
        ("70:b3:d5:f2:f0:00", Some("TELEPLATFORMS")),
        ("70:b3:d5:f2:ff:ff", Some("TELEPLATFORMS")),
        ("00:50:c2:7d:5f:ff", Some("DEUTA-WERKE GmbH")),
        ("00:50:c2:7d:60:00", None),
        ("a4:45:1a:00:00:00", None),
    ] {
        assert_eq!(of(&vendors, address), name, "{address}");
    }
}

#[test]
fn the_csv_form_says_the_same_and_may_have_commas_and_quotes_in_a_name() {
    let vendors = read(&[("oui.csv", CSV)]);
    assert_eq!(vendors.len(), 6);
    for (address, name) in [
        ("a4:45:19:12:34:56", "Xiaomi Communications Co Ltd"),
        ("f4:bd:9e:00:00:01", "Cisco Systems, Inc"),
        ("00:1e:fc:00:00:01", "JSC \"MASSA-K\""),
        ("70:b3:d5:f2:f1:23", "TELEPLATFORMS"),
        ("00:50:c2:7d:51:23", "DEUTA-WERKE GmbH"),
    ] {
        assert_eq!(of(&vendors, address), Some(name), "{address}");
    }
}

#[test]
fn the_list_of_nmap_is_read_too() {
    let vendors =
        read(&[("nmap-mac-prefixes", "# $Id$\n000000 Xerox\nA44519 Xiaomi\n70B3D5F2F Teleplatforms\n")]);
    assert_eq!(of(&vendors, "a4:45:19:12:34:56"), Some("Xiaomi"));
    assert_eq!(of(&vendors, "70:b3:d5:f2:f1:23"), Some("Teleplatforms"));
    assert_eq!(vendors.len(), 3);
}

#[test]
fn owners_that_are_not_told_and_blocks_that_are_given_out_in_parts_name_nobody() {
    let vendors = read(&[("oui.txt", OUI_TXT), ("mam.txt", MAM_TXT)]);
    for address in ["0c:96:bf:00:00:01", "74:1a:e0:91:23:45", "74:1a:e0:11:23:45", "70:b3:d5:f2:f0:00"] {
        assert_eq!(of(&vendors, address), None, "{address}");
    }
}

#[test]
fn a_random_address_has_no_maker_and_a_beginning_has_one_if_all_with_it_have_it() {
    let vendors =
        read(&[("oui.txt", &format!("{OUI_TXT}\nA64519     (base 16)\t\tNobody\n")), ("mam.txt", MAM_TXT)]);
    assert_eq!(of(&vendors, "a6:45:19:12:34:56"), None);
    assert_eq!(of(&vendors, "a4:45:19:*"), Some("Xiaomi Communications Co Ltd"));
    assert_eq!(of(&vendors, "a4:45:*"), None);
    assert_eq!(of(&vendors, "20:85:93:b0:*"), Some("IOG Products LLC"));
    assert_eq!(of(&vendors, "20:85:93:*"), None);
}

#[test]
fn lines_that_lie_say_nothing_and_do_no_harm() {
    let vendors = read(&[(
        "oui.txt",
        "A4451     (base 16)\t\ta\n A44519Z  (base 16)\t\tb\n(base 16)\tc\n\
         900000-9FFFFF     (base 16)\t\twithout a block before it\n\
         FFFFFF-FFFFFF-FF   (hex)\t\td\n900000-9FFFFF     (base 16)\t\te\n\
         20-85-93   (hex)\t\tf\nB00001-C00000     (base 16)\t\tg\nB00000-BFFFF0     (base 16)\t\th\n\
         C00000-B00000     (base 16)\t\ti\nMA-L,+44519,j,\nMA-L\nMA-L,A4451\u{ff11},k,\n",
    )]);
    assert_eq!(vendors, Vendors::default());
    let long = format!("A44519     (base 16)\t\t\u{1b}[31m\u{202e}{}\n", "x".repeat(1000));
    let name = of(&read(&[("oui.txt", &long)]), "a4:45:19:00:00:00").unwrap().to_owned();
    assert!(name.starts_with("\\u{1b}[31m\\u{202e}xxx") && name.len() < 100, "{name}");
}

#[test]
fn without_the_list_nobody_is_known_and_that_is_no_mistake() {
    assert_eq!(Vendors::read(&[]), (Vendors::default(), None));
    let (vendors, wrong) = Vendors::read(&files(Some(Path::new("/nonexistent/oui.txt"))));
    assert!(vendors.is_empty());
    assert!(wrong.unwrap().contains("/nonexistent/oui.txt"), "a file that was named is missed");
}

#[test]
fn the_whole_list_takes_less_than_two_megabytes() {
    let mut text = String::new();
    for n in 0..40_000_u32 {
        text += &format!("{:06X}     (base 16)\t\tMaker number {} of things, Limited\r\n", n << 3, n / 2);
    }
    let vendors = read(&[("oui.txt", &text)]);
    assert_eq!(vendors.len(), 40_000);
    let bytes = vendors.blocks.len() * 8 + vendors.places.len() * 4 + vendors.names.len();
    assert!(bytes < 2_000_000, "{bytes}");
}
