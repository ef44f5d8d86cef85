// Three files with fixed names and nothing else: the server and the report both embed them.
import { defineConfig } from 'vite'

export default defineConfig({
  base: '/',
  build: {
    target: 'es2022',
    outDir: 'dist',
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions: {
      input: 'src/main.tsx',
      output: {
        format: 'iife',
        entryFileNames: 'app.js',
        assetFileNames: (asset) => (asset.names?.some((name) => name.endsWith('.css')) ? 'app.css' : '[name][extname]'),
      },
    },
  },
  publicDir: 'public',
})
