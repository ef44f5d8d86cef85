// What wasm-bindgen makes of crates/whyrst-browser, as far as the worker uses it: the page is checked without it.

declare module 'whyrst-wasm' {
  export interface Source {
    read(most: number): Uint8Array
  }
  export class Reading {
    constructor(source: Source, options: string)
    read(frames: number): Uint8Array
    readonly ended: boolean
    unread(): string
    incidents(): Uint8Array
    summary(): Uint8Array
  }
  export class Page {
    constructor(language: string, lab: string)
    begin(name: string): number
    take(source: number, lines: Uint8Array): number
    remark(source: number, text: string): void
    state(source: number, state: string): void
    overview(): string
    view(q: string): string
    page(q: string, order: string, offset: number, limit: number, find: string | undefined): string
    reset(id: string): string
    connection(id: string): string
    beside(id: string): string
    cause(id: string): string
  }
  export function packets(first: Source, second: Source, connection: string, most: number, options: string): string
  export function initSync(options: { module: WebAssembly.Module }): { memory: WebAssembly.Memory }
}
