//! How the pages of the catalogue are read when it is compiled, and what whoever writes one is told.

#[path = "../build/page.rs"]
mod page;

use page::{ENGLISH, LIKENESSES, Page, chinese, english};

const WHOLE: &str = "\
# {sender} did it

It happened, and this is why: one line
and the next.

## What the programs see

{receiver}: ECONNRESET.

## Special cases

- `data-crossed-fin`: {sender} did it late

## What looks like it

- `exit-unread` (identical): the process
  ended
  - from the other side: the process goes on
- `server-busy-close` (why): a limit: in its log

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
    let [exit, busy] = &page.look_alikes[..] else { panic!("{:?}", page.look_alikes) };
    assert_eq!((exit.cause.as_str(), exit.likeness.as_deref()), ("exit-unread", Some("identical")));
    assert_eq!((exit.told_apart_by.as_str(), exit.line), ("the process ended", 16));
    assert_eq!(exit.from_there.as_deref(), Some("the process goes on"));
    assert_eq!((busy.told_apart_by.as_str(), &busy.from_there), ("a limit: in its log", &None));
    assert_eq!(page.advice, ["Look at it.", "Look at it again, with both eyes."]);
}

#[test]
fn a_page_that_is_not_as_expected_says_where_and_what_is() {
    for (old, new, wanted) in [
        ("# {sender} did it\n", "", "25: expected a title \"# ...\", but the page ends"),
        ("It happened, and this is why: one line\nand the next.\n", "", "expected an explanation below the title"),
        ("## What the programs see", "## What programs see", "6: expected \"## What the programs see\", \"## Special"),
        ("## Special cases", "## Special case", "10: expected \"## What the programs see\""),
        ("{receiver}: ECONNRESET.\n", "", "9: expected a paragraph, found \"## Special cases\""),
        ("{receiver}: ECONNRESET.", "- {receiver}: ECONNRESET.", "8: expected a paragraph"),
        ("- `data-crossed-fin`: {sender}", "- data-crossed-fin: {sender}", "12: expected - `question`: title, found"),
        ("(identical)", "(identicle)", "16: expected one of identical, similar, why, how, special-case, broader in"),
        ("`exit-unread` (identical)", "`exit-unread`", "16: expected - `cause` (likeness): what tells it apart"),
        ("(why): a limit: in its log", "(why)", "19: expected - `cause` (likeness): what tells it apart"),
        ("  - from the other side: ", "  - seen from there: ", "16: expected   - from the other side: ..., below"),
        ("\n- `server-busy-close`", "\n* `server-busy-close`", "19: expected an item \"- ...\""),
        ("2. Look at it again", "3. Look at it again", "24: expected a step \"2. \", found \"3. Look at it again,\""),
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
        ("   with both eyes.", "with both eyes.", "25: expected a step \"3. \", found \"with both eyes.\""),
    ] {
        let said = complaint(old, new);
        assert!(said.contains(wanted), "{wanted:?} is not in {said:?}");
    }
}

#[test]
fn chinese_is_one_line_a_paragraph_and_any_part_may_be_missing() {
    let page = chinese(
        "# {sender}干的\n\n## 容易混淆的原因\n\n- `exit-unread`：进程结束了：看日志\n  - 从另一方看：进程还在\n",
    )
    .expect("a page");
    assert_eq!(page.title.as_deref(), Some("{sender}干的"));
    assert_eq!((page.explanation, page.effect, page.advice.len()), (None, None, 0));
    assert_eq!(page.look_alikes[0].told_apart_by, "进程结束了：看日志");
    assert_eq!(page.look_alikes[0].from_there.as_deref(), Some("进程还在"));
    assert_eq!(chinese(""), Ok(Page::default()));
    let said = chinese("# 标题\n\n一段\n两行\n").expect_err("two lines").to_string();
    assert!(said.starts_with("4: expected \"## 程序看到什么\""), "{said}");
    assert!(chinese("## 容易混淆的原因\n\n- `exit-unread` (identical)：进程\n").is_err(), "likeness stands in English");
}

/// The words of the pages are those of the crate.
#[test]
fn every_likeness_has_its_word() {
    use whyrst_core::cause::Likeness;
    let alikes = whyrst_core::causes::ALL.iter().flat_map(|cause| cause.look_alikes);
    let used: std::collections::BTreeSet<String> = alikes.map(|alike| format!("{:?}", alike.likeness)).collect();
    assert_eq!(used.len(), LIKENESSES.len(), "{used:?}");
    assert_eq!(format!("{:?}", Likeness::SpecialCase), "SpecialCase");
    assert!(format!("{ENGLISH:?}").contains("What looks like it"));
}
