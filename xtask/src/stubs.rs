//! The classes of the Python package and their types, `python/whyrst/records.py` and `.pyi`: made of the JSON Schema
//! of the records.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

/// The schemas whose records Python programs get.
const RECORDS: [&str; 4] = ["reset.json", "incident.json", "summary.json", "cause.json"];
/// Words that no attribute can be called.
const RESERVED: [&str; 6] = ["class", "from", "global", "import", "in", "is"];

const HEAD: &str =
    "\"\"\"The records of whyrst. Written by `cargo xtask schema` of the JSON Schema in docs/schema.\"\"\"\n\n";

/// The two files, module and types, of all schemas by their names.
pub fn of(schemas: &BTreeMap<String, String>) -> Result<(String, String)> {
    let mut definitions = Definitions::default();
    for name in RECORDS {
        let text = schemas.get(name).with_context(|| format!("there is no schema {name}"))?;
        definitions.take_in(serde_json::from_str(text)?)?;
    }
    definitions.written()
}

/// Definitions by their names: those that are objects become classes, the others stand where they are used.
#[derive(Default)]
struct Definitions(BTreeMap<String, Value>);

impl Definitions {
    fn take_in(&mut self, mut schema: Value) -> Result<()> {
        let defined = schema.get_mut("$defs").map(Value::take);
        let title = schema.get("title").and_then(Value::as_str).context("a schema without a title")?.to_owned();
        self.add(title, schema)?;
        let Some(Value::Object(defined)) = defined else { return Ok(()) };
        defined.into_iter().try_for_each(|(name, definition)| self.add(name, definition))
    }

    fn add(&mut self, name: String, mut definition: Value) -> Result<()> {
        if let Value::Object(members) = &mut definition {
            members.remove("$defs");
            members.remove("$schema");
            members.remove("title");
        }
        match self.0.get(&name) {
            Some(known) if known.get("properties") != definition.get("properties") => {
                bail!("two schemas define {name} and differ")
            }
            Some(_) => {}
            None => drop(self.0.insert(name, definition)),
        }
        Ok(())
    }

    fn written(&self) -> Result<(String, String)> {
        let mut module = format!("{HEAD}from __future__ import annotations\n\nfrom ._record import Record\n");
        let mut types = format!("{HEAD}from typing import Any, Literal\n\nfrom ._record import Record\n");
        let mut filled = String::new();
        for (name, definition) in &self.0 {
            let Some(members) = definition.get("properties").and_then(Value::as_object) else { continue };
            let about = about(definition);
            write!(module, "\n\nclass {name}(Record):\n    \"\"\"{about}\"\"\"\n\n    __slots__ = ()\n")?;
            write!(types, "\nclass {name}(Record):\n    \"\"\"{about}\"\"\"\n\n")?;
            writeln!(filled, "\n{name}._types = {{")?;
            for (member, schema) in shown(members) {
                let attribute = if RESERVED.contains(&member) { format!("{member}_") } else { member.to_owned() };
                writeln!(types, "    {attribute}: {}", self.type_of(schema, is_required(definition, member))?)?;
                let about = self::about(schema);
                if !about.is_empty() {
                    writeln!(types, "    \"\"\"{about}\"\"\"")?;
                }
                writeln!(filled, "    \"{member}\": {},", self.class_in(schema).unwrap_or("None"))?;
            }
            filled.push_str("}\n");
        }
        Ok((module + "\n" + &filled, types))
    }

    /// The class of what is in a member, where that is one.
    fn class_in<'a>(&'a self, schema: &'a Value) -> Option<&'a str> {
        if let Some(name) = referred(schema) {
            let definition = self.0.get(name)?;
            return definition.get("properties").map_or_else(|| self.class_in(definition), |_| Some(name));
        }
        let several = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
        schema.get("items").into_iter().chain(several).find_map(|inner| self.class_in(inner))
    }

    fn type_of(&self, schema: &Value, required: bool) -> Result<String> {
        let mut kinds = self.kinds(schema)?;
        if !required && !kinds.iter().any(|kind| kind == "None") {
            kinds.push("None".to_owned());
        }
        Ok(kinds.join(" | "))
    }

    fn kinds(&self, schema: &Value) -> Result<Vec<String>> {
        if let Some(name) = referred(schema) {
            let definition = self.0.get(name).with_context(|| format!("{name} is not defined"))?;
            return if definition.get("properties").is_some() {
                Ok(vec![name.to_owned()])
            } else {
                self.kinds(definition)
            };
        }
        for several in ["anyOf", "oneOf"] {
            if let Some(several) = schema.get(several).and_then(Value::as_array) {
                return self.kinds_of_several(several);
            }
        }
        if let Some(word) = schema.get("const") {
            return Ok(vec![format!("Literal[{word}]")]);
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            let words: Vec<String> = words.iter().map(Value::to_string).collect();
            return Ok(vec![format!("Literal[{}]", words.join(", "))]);
        }
        let named: Vec<&str> = match schema.get("type") {
            Some(Value::String(name)) => vec![name],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        let kinds = named.into_iter().map(|name| self.kind(name, schema)).collect::<Result<Vec<_>>>()?;
        Ok(if kinds.is_empty() { vec!["Any".to_owned()] } else { kinds })
    }

    /// Words of a list of words stand in one `Literal`.
    fn kinds_of_several(&self, several: &[Value]) -> Result<Vec<String>> {
        let words: Vec<String> = several.iter().filter_map(|one| one.get("const")).map(Value::to_string).collect();
        let mut kinds = if words.is_empty() { vec![] } else { vec![format!("Literal[{}]", words.join(", "))] };
        for one in several.iter().filter(|one| one.get("const").is_none()) {
            kinds.extend(self.kinds(one)?);
        }
        Ok(kinds)
    }

    fn kind(&self, name: &str, schema: &Value) -> Result<String> {
        let of = |member: &str| schema.get(member).filter(|inner| inner.is_object());
        Ok(match name {
            "null" => "None".to_owned(),
            "string" => "str".to_owned(),
            "integer" => "int".to_owned(),
            "number" => "float".to_owned(),
            "boolean" => "bool".to_owned(),
            "array" => match of("items") {
                Some(items) => format!("list[{}]", self.kinds(items)?.join(" | ")),
                None => "list[Any]".to_owned(),
            },
            "object" => match of("additionalProperties") {
                Some(values) => format!("dict[str, {}]", self.kinds(values)?.join(" | ")),
                None => "dict[str, Any]".to_owned(),
            },
            other => bail!("a type that Python has no word for: {other}"),
        })
    }
}

/// Members that are not for pages alone.
fn shown(members: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    let for_pages = |schema: &Value| schema.get("x-page").is_some();
    members.iter().filter(move |(_, schema)| !for_pages(schema)).map(|(name, schema)| (name.as_str(), schema))
}

fn is_required(definition: &Value, member: &str) -> bool {
    let required = definition.get("required").and_then(Value::as_array);
    required.is_some_and(|required| required.iter().any(|one| one == member))
}

/// `#/$defs/Endpoint`.
fn referred(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")
}

/// The first paragraph of a description.
fn about(schema: &Value) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split("\n\n").next().unwrap_or_default().replace('\n', " ").replace('\\', "\\\\").replace('"', "'")
}
