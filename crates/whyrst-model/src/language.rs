//! The languages that reports are written in.
//!
//! Identifiers, fields and values of machine output, commands, kernel symbols, states and flags are
//! the same in all of them. A text stands beside its translation: in a cause's folder, in a question,
//! or as the two arguments of [`Language::pick`].

/// A language that people read reports in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its code, as in BCP 47 and on the command line.
    pub const fn code(self) -> &'static str {
        self.pick("en", "zh")
    }

    /// The language of a POSIX locale such as `zh_CN.UTF-8`; `None` where there are no texts in it.
    /// Traditional Chinese (`zh_TW`, `zh_HK`) is not Simplified Chinese.
    pub fn of_locale(locale: &str) -> Option<Self> {
        let name = locale.split(['.', '@']).next().unwrap_or_default();
        match name {
            "zh" | "zh_CN" | "zh_SG" | "zh-CN" | "zh-SG" | "zh_Hans" | "zh-Hans" => Some(Self::Chinese),
            "C" | "POSIX" => Some(Self::English),
            _ if name == "en" || name.starts_with("en_") || name.starts_with("en-") => Some(Self::English),
            _ => None,
        }
    }

    /// The one of two things that belongs to this language.
    pub const fn pick<T: Copy>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_name_languages() {
        for locale in ["zh_CN.UTF-8", "zh_CN", "zh_SG.utf8", "zh", "zh_CN@pinyin"] {
            assert_eq!(Language::of_locale(locale), Some(Language::Chinese), "{locale}");
        }
        for locale in ["C", "C.UTF-8", "POSIX", "en_US.UTF-8", "en"] {
            assert_eq!(Language::of_locale(locale), Some(Language::English), "{locale}");
        }
        for locale in ["zh_TW.UTF-8", "zh_HK", "de_DE.UTF-8", ""] {
            assert_eq!(Language::of_locale(locale), None, "{locale}");
        }
    }
}
