//! Names, and bytes to text and back.

use super::*;

fn decided(field: &[u8], bytes: &[u8]) -> Charset {
    CharsetRule::default().decide(Declared::read(field, Some(b'~')), bytes)
}

#[test]
fn every_charset_is_found_by_its_names() {
    for charset in Charset::all() {
        assert_eq!(charset.as_str().parse(), Ok(charset));
        let declared = Declared::read(charset.standard_name().as_bytes(), Some(b'~'));
        assert_eq!(declared, Declared::Charset(charset));
    }
}

#[test]
fn names_are_read_as_the_field_writes_them() {
    for (field, expected) in [
        (&b""[..], Declared::Nothing),
        (b"~", Declared::Nothing),
        (b"ASCII", Declared::Ascii),
        (b"UNICODE UTF-8", Declared::Charset(Charset::Utf8)),
        (b"utf8", Declared::Charset(Charset::Utf8)),
        (b"UTF-8~UNICODE", Declared::Charset(Charset::Utf8)),
        (b"ISO_IR 100", Declared::Charset(Charset::Windows1252)),
        (b"8859-1", Declared::Charset(Charset::Windows1252)),
        (b"8859/15", Declared::Charset(Charset::Iso8859_15)),
        (b"~ISO IR87", Declared::Charset(Charset::Iso2022Jp)),
        (b"~ISOIR87", Declared::Charset(Charset::Iso2022Jp)),
        (b"ASCII~ISO IR87~ISO IR159", Declared::Charset(Charset::Iso2022Jp)),
        (b"ISO IR6", Declared::Ascii),
        (b"GB 18030-2000", Declared::Charset(Charset::Gb18030)),
        (b"KS X 1001", Declared::Charset(Charset::Cp949)),
        (b"BIG-5", Declared::Charset(Charset::Big5)),
        (b"UNICODE", Declared::Unknown),
        (b"UNICODE UTF-16", Declared::Unknown),
        (b"ISO IR 999", Declared::Unknown),
        (&[b'x'; 1000], Declared::Unknown),
    ] {
        assert_eq!(Declared::read(field, Some(b'~')), expected, "{:?}", field.escape_ascii());
    }
}

#[test]
fn what_is_declared_counts_unless_the_bytes_deny_it() {
    let latin = b"Se\xe1n";
    assert_eq!(decided(b"", latin), Charset::Windows1252);
    assert_eq!(decided(b"", "Seán".as_bytes()), Charset::Utf8);
    assert_eq!(decided(b"8859/2", latin), Charset::Iso8859_2);
    assert_eq!(decided(b"8859/1", "Seán".as_bytes()), Charset::Windows1252);
    assert_eq!(decided(b"UNICODE UTF-8", latin), Charset::Windows1252);
    assert_eq!(decided(b"ASCII", latin), Charset::Windows1252);
    assert_eq!(decided(b"~ISO IR87", "患者".as_bytes()), Charset::Utf8);
    assert_eq!(decided(b"~ISO IR87", b"\x1b$B45<T\x1b(B"), Charset::Iso2022Jp);
}

#[test]
fn a_listener_may_know_better_than_the_message() {
    let rule = CharsetRule { fixed: Some(Charset::ShiftJis), fallback: Charset::Windows1252 };
    assert_eq!(rule.decide(Declared::Charset(Charset::Utf8), b"x"), Charset::ShiftJis);
    let rule = CharsetRule { fixed: None, fallback: Charset::ShiftJis };
    assert_eq!(rule.decide(Declared::Nothing, b"\x95\x5c"), Charset::ShiftJis);
    assert_eq!(rule.decide(Declared::Nothing, "表".as_bytes()), Charset::Utf8);
    let rule = CharsetRule { fixed: None, fallback: Charset::Iso2022Jp };
    assert_eq!(rule.decide(Declared::Nothing, b"\x1b$B45<T\x1b(B"), Charset::Iso2022Jp);
    assert_eq!(rule.decide(Declared::Nothing, b"plain"), Charset::Utf8);
}

#[test]
fn each_charset_reads_and_writes_its_own() {
    for (charset, text, bytes) in [
        (Charset::Utf8, "患者", "患者".as_bytes()),
        (Charset::Windows1252, "Seán €", b"Se\xe1n \x80"),
        (Charset::Iso8859_2, "Łódź", b"\xa3\xf3d\xbc"),
        (Charset::Windows1251, "Иван", b"\xc8\xe2\xe0\xed"),
        (Charset::Iso8859_5, "Иван", b"\xb8\xd2\xd0\xdd"),
        (Charset::Iso8859_7, "Γιώργος", b"\xc3\xe9\xfe\xf1\xe3\xef\xf2"),
        (Charset::Iso8859_9, "Işık", b"I\xfe\xfdk"),
        (Charset::Iso8859_15, "€", b"\xa4"),
        (Charset::ShiftJis, "表ソｱ", b"\x95\x5c\x83\x5c\xb1"),
        (Charset::EucJp, "表", b"\xc9\xbd"),
        (Charset::Big5, "功", b"\xa5\x5c"),
        (Charset::Gb18030, "张俊", b"\xd5\xc5\xbf\xa1"),
        (Charset::Cp949, "김똠", b"\xb1\xe8\x8c\x63"),
        (Charset::Iso2022Jp, "a患者b", b"a\x1b$B45<T\x1b(Bb"),
        (Charset::Iso2022Jp, "ｱ患ｲ", b"\x1b(I1\x1b$B45\x1b(I2\x1b(B"),
    ] {
        assert_eq!(charset.decode(bytes), text, "{charset}");
        assert_eq!(charset.encode(text).as_deref(), Some(bytes), "{charset}");
    }
}

#[test]
fn a_character_the_charset_lacks_is_not_encoded() {
    assert_eq!(Charset::Windows1252.encode("患者"), None);
    assert_eq!(Charset::Iso2022Jp.encode("é"), None);
    // As bytes they would be an escape character and a repetition separator.
    for charset in [Charset::ShiftJis, Charset::EucJp, Charset::Iso2022Jp] {
        assert_eq!(charset.encode("¥"), None);
        assert_eq!(charset.encode("‾"), None);
    }
}

#[test]
fn iso_2022_jp_is_read_as_it_is_written_in_the_field() {
    for (bytes, text) in [
        // Switched to where it is already, twice.
        (&b"\x1b(B\x1b$B\x1b$B45\x1b(B\x1b(Bx"[..], "患x"),
        // JIS X 0208 of 1978, Roman instead of ASCII, katakana in 7 and in 8 bits.
        (b"\x1b$@45\x1b(Ja\\~", "患a\\~"),
        (b"\x1b(I123|", "ｱｲｳ|"),
        (b"\xb1\xb2", "ｱｲ"),
        // JIS X 0212, which the Web does not know.
        (b"\x1b$(D0!\x1b(B", "丂"),
        // Not switched back before the end of the line, and cut in the middle.
        (b"\x1b$B45\r45", "患\r45"),
        (b"\x1b$B454\r", "患4\r"),
        (b"\x1b$B45 <T", "患 者"),
        (b"\x1bZ\x80", "\u{1b}Z\u{fffd}"),
    ] {
        assert_eq!(Charset::Iso2022Jp.decode(bytes), text, "{:?}", bytes.escape_ascii());
    }
}

#[test]
fn an_outline_hides_the_bytes_that_look_like_delimiters() {
    let outlined = |charset, bytes: &[u8]| outline(bytes, charset);
    assert_eq!(
        outlined(Charset::ShiftJis, b"a|\x95\x5c|\x83\x7c^\xb1|").as_deref(),
        Some(&b"a|\xff\xff|\xff\xff^\xb1|"[..])
    );
    assert_eq!(
        outlined(Charset::Gb18030, b"\x81\x7c\x81\x30\x81\x30^").as_deref(),
        Some(&b"\xff\xff\xff\xff\xff\xff^"[..])
    );
    assert_eq!(
        outlined(Charset::Iso2022Jp, b"^\x1b$B|^\x1b(B^\rx|").as_deref(),
        Some(&b"^\xff\xff\xff\xff\xff\xff\xff\xff^\rx|"[..])
    );
    // A first byte before a delimiter that cannot be a second one is no character.
    assert_eq!(outlined(Charset::Big5, b"\xa5|").as_deref(), Some(&b"\xff\xff"[..]));
    assert_eq!(outlined(Charset::Big5, b"\xa5\r|").as_deref(), Some(&b"\xa5\r|"[..]));
    assert_eq!(outlined(Charset::ShiftJis, b"plain|"), None);
    assert_eq!(outlined(Charset::Windows1252, b"\xe9|"), None);
}
