// The page that has the program in it: `--mode edition` its script and style, `--mode worker` what runs beside it. The
// WebAssembly's JavaScript is where WHYRST_WASM says.
import { defineConfig } from 'vite'

export default defineConfig(({ mode }) => ({
  resolve: { alias: { 'whyrst-wasm': process.env.WHYRST_WASM ?? 'whyrst-wasm' } },
  // An address that the worker never asks: it is given the compiled module.
  define: { 'import.meta.url': '""' },
  build: {
    target: 'es2022',
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: {
      input: mode === 'worker' ? 'src/worker.ts' : 'src/edition.tsx',
      output: { format: 'iife', entryFileNames: `${mode}.js`, assetFileNames: `${mode}[extname]` },
    },
  },
  publicDir: false,
}))
