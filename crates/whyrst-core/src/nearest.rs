//! Which known word somebody meant who typed another one.

use alloc::vec::Vec;

/// The known word that needs the fewest changes to become `given`; of several the first.
pub fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.min_by_key(|name| distance(given, name))
}

/// Levenshtein's distance, in bytes.
pub fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_those_that_are_as_near() {
        assert_eq!(distance("casue", "cause"), 2);
        assert_eq!(distance("", "port"), 4);
        assert_eq!(nearest("prot", ["part", "port", "host"].into_iter()), Some("part"));
        assert_eq!(nearest("prot", core::iter::empty()), None);
    }
}
