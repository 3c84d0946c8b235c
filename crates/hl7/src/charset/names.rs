//! What charsets are called: by table 0211, by configuration files, and by senders who read neither.

use std::fmt;
use std::str::FromStr;

use super::Charset;

/// The names of one charset.
struct Names {
    charset: Charset,
    /// In configuration and output.
    own: &'static str,
    /// In MSH-18, by table 0211 where that has it.
    standard: &'static str,
    /// Everything else it is called, without case, blanks, `-`, `_`, `/`, `.` and `:`.
    others: &'static [&'static str],
}

const fn names(
    charset: Charset,
    own: &'static str,
    standard: &'static str,
    others: &'static [&'static str],
) -> Names {
    Names { charset, own, standard, others }
}

const ALL: [Names; 19] = [
    names(Charset::Utf8, "utf-8", "UNICODE UTF-8", &["unicodeutf8", "utf8", "isoir192"]),
    names(
        Charset::Windows1252,
        "windows-1252",
        "8859/1",
        &["88591", "iso88591", "isoir100", "latin1", "isolatin1", "cp1252", "windows1252", "ansi"],
    ),
    names(Charset::Windows1250, "windows-1250", "WINDOWS-1250", &["windows1250", "cp1250"]),
    names(Charset::Windows1251, "windows-1251", "WINDOWS-1251", &["windows1251", "cp1251"]),
    names(Charset::Iso8859_2, "iso-8859-2", "8859/2", &["88592", "iso88592", "isoir101", "latin2"]),
    names(Charset::Iso8859_3, "iso-8859-3", "8859/3", &["88593", "iso88593", "isoir109", "latin3"]),
    names(Charset::Iso8859_4, "iso-8859-4", "8859/4", &["88594", "iso88594", "isoir110", "latin4"]),
    names(Charset::Iso8859_5, "iso-8859-5", "8859/5", &["88595", "iso88595", "isoir144"]),
    names(Charset::Iso8859_6, "iso-8859-6", "8859/6", &["88596", "iso88596", "isoir127"]),
    names(Charset::Iso8859_7, "iso-8859-7", "8859/7", &["88597", "iso88597", "isoir126"]),
    names(Charset::Iso8859_8, "iso-8859-8", "8859/8", &["88598", "iso88598", "isoir138"]),
    names(
        Charset::Iso8859_9,
        "iso-8859-9",
        "8859/9",
        &["88599", "iso88599", "isoir148", "latin5", "windows1254", "cp1254"],
    ),
    names(
        Charset::Iso8859_15,
        "iso-8859-15",
        "8859/15",
        &["885915", "iso885915", "isoir203", "latin9"],
    ),
    names(
        Charset::Iso2022Jp,
        "iso-2022-jp",
        "ISO IR87",
        &["iso2022jp", "isoir13", "isoir14", "isoir87", "isoir159", "jis"],
    ),
    names(
        Charset::ShiftJis,
        "shift_jis",
        "SHIFT_JIS",
        &["shiftjis", "sjis", "cp932", "ms932", "windows31j", "mskanji"],
    ),
    names(Charset::EucJp, "euc-jp", "EUC-JP", &["eucjp"]),
    names(Charset::Big5, "big5", "BIG-5", &["big5", "cp950"]),
    names(
        Charset::Gb18030,
        "gb18030",
        "GB 18030-2000",
        &["gb18030", "gb180302000", "gb180302005", "gbk", "gb2312", "cp936", "isoir58"],
    ),
    names(
        Charset::Cp949,
        "cp949",
        "KS X 1001",
        &["ksx1001", "ksc5601", "euckr", "cp949", "uhc", "isoir149"],
    ),
];

/// The longest name that is looked at; none in use is half as long.
pub(super) const MAX_NAME: usize = 40;

impl Charset {
    /// Its name in configuration and output.
    pub fn as_str(self) -> &'static str {
        ALL.iter().find(|names| names.charset == self).map_or("", |names| names.own)
    }

    /// Its name in MSH-18: the one of table 0211, or the usual one where the table has none.
    pub fn standard_name(self) -> &'static str {
        ALL.iter().find(|names| names.charset == self).map_or("", |names| names.standard)
    }

    /// Every charset, in the order of documents.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|names| names.charset)
    }

    /// The charset of this name, as anybody writes it.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let mut buffer = [0; MAX_NAME];
        let name = bare(name, &mut buffer)?;
        let has = |names: &&Names| names.others.iter().any(|other| other.as_bytes() == name);
        ALL.iter().find(has).map(|names| names.charset)
    }
}

/// A name without case and punctuation; `None` where it is too long to be one.
pub(super) fn bare<'b>(name: &[u8], buffer: &'b mut [u8; MAX_NAME]) -> Option<&'b [u8]> {
    let telling = name.iter().filter(|byte| !b" -_/.:".contains(byte));
    let mut length = 0;
    for byte in telling {
        *buffer.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    buffer.get(..length)
}

/// Text that names no charset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a charset that is known here")]
pub struct UnknownCharset;

impl FromStr for Charset {
    type Err = UnknownCharset;

    fn from_str(text: &str) -> Result<Self, UnknownCharset> {
        Self::named(text.as_bytes()).ok_or(UnknownCharset)
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
