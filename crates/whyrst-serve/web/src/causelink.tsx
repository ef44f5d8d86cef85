// A cause by its name, which opens its page in the catalogue.

export function Page({ id, open }: { id: string; open(id: string): void }) {
  if (id === 'unexplained') return <span class="id">{id}</span>
  return <a class="id" href={`#cause=${id}`} onClick={(event) => {
    event.preventDefault()
    open(id)
  }}>{id}</a>
}
