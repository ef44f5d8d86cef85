//! How the pages of the catalogue are read when it is compiled, and what whoever writes one is told.

#[path = "../build/page.rs"]
mod page;

use page::{Page, chinese, english};

const WHOLE: &str = "\
# {sender} did it

It happened, and this is why: one line
and the next.

## What the programs see

{receiver}: ECONNRESET.

## Special cases

- `data-crossed-fin`: {sender} did it late

## What proves it

A counter rises on {sender},
and `strace` there shows the close().

## What to do

1. Look at it.
2. Look at it again,
   with both eyes.
";

fn whole() -> Page {
    english(WHOLE).expect("a page")
}

/// What is said of the page in which `old` is `new`.
fn complaint(old: &str, new: &str) -> String {
    assert!(WHOLE.contains(old), "{old}");
    english(&WHOLE.replacen(old, new, 1)).expect_err("not a page").to_string()
}

#[test]
fn a_page_is_read_with_its_lines_joined() {
    let page = whole();
    assert_eq!(page.title.as_deref(), Some("{sender} did it"));
    assert_eq!(page.explanation.as_deref(), Some("It happened, and this is why: one line and the next."));
    assert_eq!(page.effect.as_deref(), Some("{receiver}: ECONNRESET."));
    assert_eq!((page.variants[0].question.as_str(), page.variants[0].line), ("data-crossed-fin", 12));
    assert_eq!(page.variants[0].title, "{sender} did it late");
    assert_eq!(page.confirm.as_deref(), Some("A counter rises on {sender}, and `strace` there shows the close()."));
    assert_eq!(page.advice, ["Look at it.", "Look at it again, with both eyes."]);
}

#[test]
fn a_page_that_is_not_as_expected_says_where_and_what_is() {
    for (old, new, wanted) in [
        ("# {sender} did it\n", "", "23: expected a title \"# ...\", but the page ends"),
        ("It happened, and this is why: one line\nand the next.\n", "", "expected an explanation below the title"),
        ("## What the programs see", "## What programs see", "6: expected \"## What the programs see\", \"## Special"),
        ("## Special cases", "## Special case", "10: expected \"## What the programs see\""),
        ("{receiver}: ECONNRESET.\n", "", "9: expected a paragraph, found \"## Special cases\""),
        ("{receiver}: ECONNRESET.", "- {receiver}: ECONNRESET.", "8: expected a paragraph"),
        ("- `data-crossed-fin`: {sender}", "- data-crossed-fin: {sender}", "12: expected - `question`: title, found"),
        (
            "## What proves it",
            "## What looks like it",
            "14: expected \"## What the programs see\", \"## Special cases\"",
        ),
        ("A counter rises on {sender},\nand `strace` there shows the close().\n", "", "17: expected a paragraph"),
        ("A counter rises", "- A counter rises", "16: expected a paragraph, found \"- A counter rises on {sender},\""),
        (
            "## What proves it\n\nA counter rises on {sender},\nand `strace` there shows the close().\n",
            "",
            "a section \"## What proves it\"",
        ),
        ("- `data-crossed-fin`", "* `data-crossed-fin`", "12: expected an item \"- ...\""),
        ("2. Look at it again", "3. Look at it again", "22: expected a step \"2. \", found \"3. Look at it again,\""),
        (
            "1. Look at it.\n2. Look at it again,\n   with both eyes.\n",
            "",
            "expected a step \"1. \", but the page ends",
        ),
        (
            "## What to do\n\n1. Look at it.\n2. Look at it again,\n   with both eyes.\n",
            "",
            "a section \"## What to do\"",
        ),
        ("   with both eyes.", "with both eyes.", "23: expected a step \"3. \", found \"with both eyes.\""),
    ] {
        let said = complaint(old, new);
        assert!(said.contains(wanted), "{wanted:?} is not in {said:?}");
    }
}

#[test]
fn chinese_is_one_line_a_paragraph_and_any_part_may_be_missing() {
    let page = chinese("# {sender}干的\n\n## 如何证实\n\n{sender}上的计数器增长。\n").expect("a page");
    assert_eq!(page.title.as_deref(), Some("{sender}干的"));
    assert_eq!((page.explanation, page.effect, page.advice.len()), (None, None, 0));
    assert_eq!(page.confirm.as_deref(), Some("{sender}上的计数器增长。"));
    assert_eq!(chinese(""), Ok(Page::default()));
    let said = chinese("# 标题\n\n一段\n两行\n").expect_err("two lines").to_string();
    assert!(said.starts_with("4: expected \"## 程序看到什么\""), "{said}");
    let old =
        chinese("# 标题\n\n## 容易混淆的原因\n\n- `exit-unread`：进程\n").expect_err("an old section").to_string();
    assert!(old.contains("\"## 如何证实\""), "{old}");
}
