import '@fontsource/inter/400.css';
import '@fontsource/inter/500.css';
import '@fontsource/roboto-mono/400.css';

import { EventBusSrv, ThemeContext } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { GlobalStyles, PanelChrome, PanelContextProvider } from '@grafana/ui';
import { Component, ReactNode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { configured, registerTransformations, transformed, unmatched, withDefaults } from './fields';
import { cutTexts } from './inspect';
import { Drawn, KINDS, shown } from './panels';
import { frames, interpolate, valuesFor } from './queries';
import { drawing, scene, theme } from './scene';

const ROW = 38; // Grafana's height of a grid row, and the space between two
const GAP = 8;

class Guard extends Component<{ onError: (error: unknown) => void; children: ReactNode }, { failed: boolean }> {
  state = { failed: false };
  static getDerivedStateFromError = () => ({ failed: true });
  componentDidCatch = (error: unknown) => this.props.onError(error);
  render = () => (this.state.failed ? null : this.props.children);
}

function Panel({ panel }: { panel: any }) {
  const column = scene.width / 24;
  const { x, y, w, h } = panel.gridPos;
  const size = { width: w * column - GAP, height: h * ROW - GAP };
  const place = { position: 'absolute' as const, left: x * column, top: y * ROW, ...size };
  return panel.type === 'row' ? (
    <h2 style={{ ...place, height: 30, margin: 0, fontSize: 16 }}>{panel.title}</h2>
  ) : (
    <div style={place} data-panel={panel.id}>
      <Framed panel={panel} {...size} />
    </div>
  );
}

function Framed({ panel, width, height }: { panel: any; width: number; height: number }) {
  const [loaded, setLoaded] = useState<Loaded>();
  const values = valuesFor(panel, width);
  const title = interpolate(panel.title, values);
  const record = (more: object) =>
    (drawing.panels[panel.id] = { id: panel.id, title, type: panel.type, rows: 0, shown: [], unmatched: [], cut: [], ...more });
  const fail = (error: unknown) => record({ error: String(error) });
  useEffect(() => {
    load(panel, width).then((drawn) => {
      setLoaded(drawn);
      record({
        rows: drawn.data.reduce((sum, frame) => sum + frame.length, 0),
        shown: shown({ ...drawn, width, height }),
        unmatched: drawn.unmatched,
      });
    }, fail);
  }, []);
  const Kind = KINDS[panel.type];
  return (
    <PanelChrome title={title} description={panel.description} width={width} height={height}>
      {(innerWidth, innerHeight) =>
        loaded && (
          <Guard onError={fail}>
            {panel.type === 'stat' || loaded.data.some((frame) => frame.length) ? (
              <Kind {...loaded} width={innerWidth} height={innerHeight} />
            ) : (
              <Empty words={panel.fieldConfig.defaults.noValue} />
            )}
          </Guard>
        )
      }
    </PanelChrome>
  );
}

function Empty({ words }: { words: string }) {
  const centred = { display: 'grid', placeItems: 'center', height: '100%', color: theme.colors.text.secondary };
  return <div style={centred}>{words}</div>;
}

type Loaded = Omit<Drawn, 'width' | 'height'> & { unmatched: string[] };

async function load(panel: any, width: number): Promise<Loaded> {
  const values = valuesFor(panel, width);
  const fieldConfig = withDefaults(panel);
  const plain = await transformed(panel, await frames(panel, width), values);
  // Before the overrides are applied, since they look for the names that the fields have until then.
  const changesNothing = plain.length ? unmatched(fieldConfig, plain) : [];
  return { panel, fieldConfig, data: configured(fieldConfig, plain, values), values, unmatched: changesNothing };
}

function Dashboard() {
  const { panels, title } = scene.dashboard;
  const height = ROW * Math.max(...panels.map(({ gridPos }: any) => gridPos.y + gridPos.h));
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={{ eventBus: new EventBusSrv(), eventsScope: 'global' } as any}>
        <h1 style={{ margin: GAP, fontSize: 20 }}>{title}</h1>
        <div id="panels" style={{ position: 'relative', width: scene.width, height }}>
          {panels.map((panel: any) => (
            <Panel key={panel.id} panel={panel} />
          ))}
        </div>
      </PanelContextProvider>
    </ThemeContext.Provider>
  );
}

function finish() {
  for (const panel of Object.values(drawing.panels)) {
    panel.cut = cutTexts(document.querySelector(`[data-panel="${panel.id}"]`)!);
  }
  drawing.done = true;
}

async function main() {
  await initPluginTranslations('zapi');
  // Grafana measures texts before it draws them, so the fonts have to be there by then.
  await Promise.all(['400 14px Inter', '500 14px Inter', '400 14px "Roboto Mono"'].map((font) => document.fonts.load(font)));
  registerTransformations();
  createRoot(document.getElementById('root')!).render(<Dashboard />);
  const expected = scene.dashboard.panels.filter(({ type }: any) => type !== 'row').length;
  const wait = setInterval(() => {
    if (Object.keys(drawing.panels).length >= expected) {
      clearInterval(wait);
      // What measures itself on the page needs a few more frames.
      setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(finish)), 700);
    }
  }, 50);
}

main().catch((error) => {
  drawing.messages.push(`error: ${error}`);
  drawing.done = true;
});
