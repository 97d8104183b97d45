// Bundles page/main.tsx and Grafana's packages into FOLDER/app.js and FOLDER/app.css: `node bundle.mjs FOLDER`.
import { build } from 'esbuild';

const folder = process.argv[2];

// Grafana's packages import the router through a package of their own that needs React 17.
const router = {
  name: 'router',
  setup(builder) {
    builder.onResolve({ filter: /^react-router-dom-v5-compat$/ }, ({ resolveDir }) =>
      builder.resolve('react-router-dom', { resolveDir, kind: 'import-statement' }),
    );
  },
};

await build({
  entryPoints: { app: 'page/main.tsx' },
  outdir: folder,
  bundle: true,
  format: 'iife',
  platform: 'browser',
  jsx: 'automatic',
  plugins: [router],
  mainFields: ['browser', 'module', 'main'],
  conditions: ['import', 'module'],
  define: { global: 'window', 'process.env.NODE_ENV': '"production"' },
  loader: { '.ttf': 'dataurl', '.woff': 'dataurl', '.woff2': 'dataurl', '.svg': 'text', '.png': 'dataurl' },
  logLevel: 'warning',
});
