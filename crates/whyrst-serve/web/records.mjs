// Writes the types of the records that the page reads, made of their JSON Schemas in docs/schema/: `npm run records`,
// or with another file as argument to compare. `cargo xtask web` runs it.

import { readFile, writeFile } from 'node:fs/promises'
import { compile } from 'json-schema-to-typescript'

/** Each record by the name of its schema. */
const RECORDS = { reset: 'Report', incident: 'IncidentReport', summary: 'SummaryReport', cause: 'CauseReport' }

// A reference that has a description of its own would become a type of its own.
function named(key, value) {
  if (value?.$ref === undefined || Object.keys(value).length === 1) return value
  return { description: value.description, tsType: value.$ref.replace('#/$defs/', '') }
}

const schemas = new URL('../../../docs/schema/', import.meta.url)
const definitions = {}
for (const [file, name] of Object.entries(RECORDS)) {
  const { $defs, $schema, ...record } = JSON.parse(await readFile(new URL(`${file}.json`, schemas), 'utf8'), named)
  Object.assign(definitions, $defs, { [name]: { ...record, title: name } })
}
const all = { title: 'Records', type: 'object', $defs: definitions, properties: {}, required: [] }
for (const [file, name] of Object.entries(RECORDS)) {
  all.properties[file] = { $ref: `#/$defs/${name}` }
  all.required.push(file)
}
const types = await compile(all, 'Records', {
  additionalProperties: false,
  unreachableDefinitions: true,
  bannerComment: '// The records as docs/schema/ has them, written by `cargo xtask web`.',
  style: { semi: false, singleQuote: true, printWidth: 120 },
})
// What the generator says of each type of its own accord.
const noise = / \*\n \* This interface was referenced by `Records`'s JSON-Schema\n \* via the `definition` "\w+"\.\n/gu
await writeFile(process.argv[2] ?? new URL('src/records.ts', import.meta.url), types.replace(noise, ''))
