//! The columns of tables, in `crates/whyrst-store/columns/`: made of the JSON Schemas of the records.
//!
//! A table only gains columns, so these files are a history: the columns of released versions stand as they are, under
//! the names and in the order that readers know. Whatever a record has beyond them follows, as columns of the next
//! version. Objects are flattened, names joined by `_`. A list is one column of rows, with the
//! members that it had when it came; a later member is a column of its own beside it, a list in the same order. A column
//! of the next version may be named by hand in its file, or take the first of a list (`0` in its path): it stays so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A table that is made of records.
pub struct Table {
    /// The file in `crates/whyrst-store/columns/`.
    pub file: &'static str,
    /// The record's schema in `docs/schema/`.
    pub schema: &'static str,
    /// What the tables are called in SQL.
    pub tables: &'static str,
}

/// All of them.
pub const TABLES: [Table; 3] = [
    Table { file: "connections", schema: "connection", tables: "connections" },
    Table { file: "resets", schema: "reset", tables: "resets, failed_connects" },
    Table { file: "incidents", schema: "incident", tables: "incidents" },
];

/// A member of an object in the schema that marks what only lines for pages have.
const PAGE: &str = "x-page";
/// The end of a path below which an object is written as one text: address and port.
const ENDPOINT: &str = "endpoint";

/// The columns of a table as the file has them.
#[derive(Clone, Debug)]
struct Columns {
    released: u32,
    list: Vec<Column>,
}

/// A column, or with a dot in its name a member of the rows in one.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Column {
    since: u32,
    name: String,
    kind: String,
    /// Where it stands in the record; for a member, in one of the rows.
    path: String,
}

/// A value in the record that has no parts.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Leaf {
    path: String,
    kind: &'static str,
    about: String,
}

/// The file's text as it should be.
pub fn renewed(table: &Table, file: &str, schema: &Value) -> Result<String> {
    let leaves = leaves(schema)?;
    let columns = columns(file, &leaves).with_context(|| format!("cannot make the columns of {}", table.tables))?;
    let mut text = format!(
        "# The columns of {}, written by `cargo xtask schema` from docs/schema/{}.json:\n\
         # since which version, name, type, where it stands in the record (a member: in the row).\n\
         released {}\n",
        table.tables, table.schema, columns.released
    );
    for Column { since, name, kind, path } in &columns.list {
        writeln!(text, "{since} {name} {kind} {path}")?;
    }
    Ok(text)
}

/// The columns as a table of Markdown, with the descriptions of the record's fields.
pub fn documented(file: &str, schema: &Value) -> Result<String> {
    let leaves = leaves(schema)?;
    let columns = columns(file, &leaves)?;
    let mut text = String::from("| column | type | since | what |\n|---|---|---|---|\n");
    let mut row = String::new();
    for column in &columns.list {
        let whole = format!("{row}{}", column.path);
        let path = if column.name.contains('.') { whole.as_str() } else { column.path.as_str() };
        if column.kind == "row" && !column.name.contains('.') {
            row.clone_from(&column.path);
        }
        let about = about(schema, path)?.replace('|', "\\|").replace('\n', " ");
        let first = if path.contains("/0/") { "Of the first one: " } else { "" };
        let lists = "[]".repeat(column.path.matches(['*', '{']).count());
        writeln!(text, "| `{}` | {}{lists} | {} | {first}{about} |", column.name, column.kind, column.since)?;
    }
    Ok(text)
}

fn columns(file: &str, leaves: &[Leaf]) -> Result<Columns> {
    let Columns { released, mut list } = parse(file)?;
    list.retain(|column| {
        column.since <= released || named_by_hand(column) && stands(leaves, &column.path, &column.kind)
    });
    let frozen = Frozen::of(&list);
    if let Some(gone) = frozen.paths.iter().find(|(path, kind)| !stands(leaves, path, kind)) {
        bail!("a column of a released version is no field any more: {} ({})", gone.0, gone.1);
    }
    let known: BTreeSet<&str> = frozen.paths.iter().map(|(path, _)| path.as_str()).collect();
    let news: Vec<&Leaf> = leaves.iter().filter(|leaf| !known.contains(leaf.path.as_str())).collect();
    append(&mut list, &frozen.rows, "", &news, released + 1);
    let mut names = BTreeSet::new();
    if let Some(twice) = list.iter().find(|column| !names.insert(&column.name)) {
        bail!("two columns are called {}", twice.name);
    }
    Ok(Columns { released, list })
}

/// Whether its name does not follow from its path.
fn named_by_hand(column: &Column) -> bool {
    !column.name.contains('.') && column.name != name(&column.path)
}

/// What the columns of released versions stand for.
#[derive(Default)]
struct Frozen {
    /// Whole paths, with types.
    paths: Vec<(String, String)>,
    /// Lists that are columns of rows.
    rows: BTreeSet<String>,
}

impl Frozen {
    fn of(list: &[Column]) -> Self {
        let mut frozen = Self::default();
        let mut row = String::new();
        for column in list {
            let member = column.name.contains('.');
            let path = if member { format!("{row}{}", column.path) } else { column.path.clone() };
            match column.kind.as_str() {
                "row" => {
                    row.clone_from(&path);
                    frozen.rows.insert(path);
                }
                kind => frozen.paths.push((path, kind.to_owned())),
            }
        }
        frozen
    }
}

/// Whether a value of that type is there. The first of a list is an element of it.
fn stands(leaves: &[Leaf], path: &str, kind: &str) -> bool {
    if kind == ENDPOINT {
        return stands(leaves, &format!("{path}/ip"), "text");
    }
    let path = path.replace("/0/", "/*/");
    leaves.iter().any(|leaf| leaf.path == path && leaf.kind == kind)
}

/// Columns for `leaves`, which all stand below `base`.
fn append(list: &mut Vec<Column>, rows: &BTreeSet<String>, base: &str, leaves: &[&Leaf], since: u32) {
    let mut rest = leaves;
    while let Some(first) = rest.first() {
        let Some(end) = end_of_list(&first.path, base.len()) else {
            list.push(Column { since, name: name(&first.path), kind: first.kind.to_owned(), path: first.path.clone() });
            rest = rest.get(1..).unwrap_or_default();
            continue;
        };
        let (whole, _) = first.path.split_at(end);
        let below = |leaf: &&Leaf| leaf.path == whole || leaf.path.starts_with(&format!("{whole}/"));
        let (inside, after) = rest.split_at(rest.iter().take_while(|leaf| below(leaf)).count());
        rest = after;
        if rows.contains(whole) {
            append(list, rows, whole, inside, since);
        } else if first.path == whole {
            list.push(Column { since, name: name(whole), kind: first.kind.to_owned(), path: whole.to_owned() });
        } else {
            rows_of(list, &name(whole), whole, inside, since);
        }
    }
}

/// A column of rows with its members. Rows within rows are not flattened: none has any yet but lists of values.
fn rows_of(list: &mut Vec<Column>, called: &str, path: &str, members: &[&Leaf], since: u32) {
    list.push(Column { since, name: called.to_owned(), kind: "row".to_owned(), path: path.to_owned() });
    list.extend(members.iter().map(|leaf| {
        let (_, within) = leaf.path.split_at(path.len());
        Column {
            since,
            name: format!("{called}.{}", name(within)),
            kind: leaf.kind.to_owned(),
            path: within.to_owned(),
        }
    }));
}

/// Where the first list in `path` beyond `from` ends.
fn end_of_list(path: &str, from: usize) -> Option<usize> {
    let (_, rest) = path.split_at(from);
    let ends = ["/*", "/{}"].into_iter().filter_map(|list| rest.find(list).map(|at| from + at + list.len()));
    ends.min()
}

fn name(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && !["*", "{}"].contains(part));
    parts.collect::<Vec<_>>().join("_")
}

fn parse(file: &str) -> Result<Columns> {
    let mut columns = Columns { released: 0, list: Vec::new() };
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["released", version] => columns.released = version.parse()?,
            [since, name, kind, path] => columns.list.push(Column {
                since: since.parse()?,
                name: (*name).to_owned(),
                kind: (*kind).to_owned(),
                path: (*path).to_owned(),
            }),
            _ => bail!("not a column: {line}"),
        }
    }
    Ok(columns)
}

/// All values that the record may have.
fn leaves(schema: &Value) -> Result<Vec<Leaf>> {
    let mut out = Vec::new();
    walk(schema, schema, &mut Vec::new(), "", "", &mut out)?;
    Ok(out)
}

fn walk<'a>(
    root: &'a Value,
    schema: &'a Value,
    inside: &mut Vec<&'a str>,
    path: &str,
    about: &str,
    out: &mut Vec<Leaf>,
) -> Result<()> {
    let told = schema.get("description").and_then(Value::as_str);
    let about = if about.is_empty() { told.unwrap_or_default() } else { about };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        // A process has the process that closed its socket, and no more below that.
        if inside.iter().filter(|outer| **outer == reference).count() > 1 {
            return Ok(());
        }
        inside.push(reference);
        walk(root, resolved(root, reference)?, inside, path, about, out)?;
        inside.pop();
        return Ok(());
    }
    let choices = ["anyOf", "oneOf"].into_iter().find_map(|key| schema.get(key)?.as_array());
    if let Some(choices) = choices {
        let some = choices.iter().find(|choice| choice["type"] != "null");
        return walk(root, some.context("a choice between nothing")?, inside, path, about, out);
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        // By name: whether a parsed object keeps the order of its text depends on how serde_json was built.
        let sorted: BTreeMap<_, _> = properties.iter().filter(|(_, value)| value.get(PAGE).is_none()).collect();
        for (key, value) in sorted {
            walk(root, value, inside, &format!("{path}/{key}"), "", out)?;
        }
        return Ok(());
    }
    if let Some(items) = schema.get("items") {
        return walk(root, items, inside, &format!("{path}/*"), about, out);
    }
    if let Some(values) = schema.get("additionalProperties") {
        out.push(Leaf { path: format!("{path}/{{}}/key"), kind: "text", about: about.to_owned() });
        return walk(root, values, inside, &format!("{path}/{{}}/value"), about, out);
    }
    out.push(Leaf { path: path.to_owned(), kind: kind(schema, path)?, about: about.to_owned() });
    Ok(())
}

fn resolved<'a>(root: &'a Value, reference: &str) -> Result<&'a Value> {
    let pointer = reference.strip_prefix('#').unwrap_or(reference);
    root.pointer(pointer).with_context(|| format!("the schema has no {reference}"))
}

fn kind(schema: &Value, path: &str) -> Result<&'static str> {
    let word = match &schema["type"] {
        Value::Array(words) => words.iter().find(|word| *word != "null").and_then(Value::as_str),
        word => word.as_str(),
    };
    Ok(match (word, schema["format"].as_str()) {
        (Some("string"), Some("date-time")) => "time",
        (Some("string"), _) => "text",
        (Some("integer"), _) => "int",
        (Some("number"), _) => "float",
        (Some("boolean"), _) => "bool",
        _ => bail!("{path} is of a type that no column has: {schema}"),
    })
}

/// What the schema says of the value at `path`.
fn about(schema: &Value, path: &str) -> Result<String> {
    let mut at = schema;
    let mut about = String::new();
    for part in path.split('/').skip(1) {
        at = bare(schema, at)?;
        at = match part {
            "*" | "0" => &at["items"],
            "{}" => at,
            "key" | "value" if at.get("additionalProperties").is_some() => at,
            key => &at["properties"][key],
        };
        if let Some(text) = at.get("description").and_then(Value::as_str) {
            text.clone_into(&mut about);
        }
    }
    Ok(about)
}

/// Without references and without the choice of `null`.
fn bare<'a>(root: &'a Value, schema: &'a Value) -> Result<&'a Value> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return bare(root, resolved(root, reference)?);
    }
    match schema.get("anyOf").and_then(Value::as_array) {
        Some(choices) => {
            bare(root, choices.iter().find(|choice| choice["type"] != "null").context("a choice between nothing")?)
        }
        None => Ok(schema),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FILE: &str = "released 1\n1 at time /time\n1 rows row /rows/*\n1 rows.a int /a\n1 a int /rows/0/a\n1 service endpoint /server\n2 made_in_vain int /gone\n2 first_b float /rows/0/b\n2 said text /words/*\n";

    fn schema(row: &Value) -> Value {
        json!({
            "properties": {
                "time": {"$ref": "#/$defs/Time"},
                "server": {"anyOf": [{"$ref": "#/$defs/End"}, {"type": "null"}]},
                "rows": {"type": "array", "items": {"properties": row}},
                "headline": {"type": "string", "x-page": true},
                "words": {"type": ["array", "null"], "items": {"type": "string"}},
                "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
            "$defs": {
                "Time": {"type": "string", "format": "date-time"},
                "End": {"properties": {"ip": {"type": "string"}, "again": {"$ref": "#/$defs/End"}}},
            },
        })
    }

    fn listed(row: &Value) -> Vec<String> {
        let text = renewed(&TABLES[1], FILE, &schema(row)).unwrap();
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    }

    #[test]
    fn a_field_that_is_new_becomes_a_column_of_the_next_version() {
        let row = json!({"a": {"type": "integer"}, "b": {"type": "number"}, "points": {"type": "array", "items": {"type": "integer"}}});
        assert_eq!(
            listed(&row),
            [
                "released 1",
                "1 at time /time",
                "1 rows row /rows/*",
                "1 rows.a int /a",
                "1 a int /rows/0/a",
                "1 service endpoint /server",
                "2 first_b float /rows/0/b",
                "2 said text /words/*",
                "2 counts row /counts/{}",
                "2 counts.key text /key",
                "2 counts.value int /value",
                "2 rows_b float /rows/*/b",
                "2 rows_points int /rows/*/points/*",
                "2 server_again_ip text /server/again/ip",
                "2 server_ip text /server/ip",
            ]
        );
    }

    #[test]
    fn what_was_released_must_stay() {
        let error = renewed(&TABLES[1], FILE, &schema(&json!({"a": {"type": "string"}}))).unwrap_err();
        assert!(format!("{error:#}").contains("/rows/*/a"), "{error:#}");
    }
}
