// What the driver asks the page to draw, and what the page tells it. The driver sets `window.scene` before the page
// loads and reads `window.drawing` once `done` is true.
import { createTheme, dateTime, TimeRange } from '@grafana/data';

export interface Scene {
  dashboard: any;
  prometheus: string;
  theme: 'dark' | 'light';
  width: number;
  from: number; // unix seconds
  to: number;
  scrapeInterval: number; // seconds
  variables: Record<string, string>;
}

/** A value that a viewer sees, and the colour it has. */
export interface Shown {
  text: string;
  color?: string;
  numeric?: number;
  known: boolean;
}

export interface DrawnPanel {
  id: number;
  title: string;
  type: string;
  error?: string;
  rows: number;
  shown: Shown[];
  /** Overrides that change nothing, each as what it looks for. */
  unmatched: string[];
  /** Texts that cannot be read in full. */
  cut: string[];
}

export interface Drawing {
  done: boolean;
  messages: string[];
  panels: Record<number, DrawnPanel>;
}

declare global {
  interface Window {
    scene: Scene;
    drawing: Drawing;
  }
}

export const scene = window.scene;
export const drawing: Drawing = (window.drawing = { done: false, messages: [], panels: {} });
export const theme = createTheme({ colors: { mode: scene.theme } });
export const timeRange: TimeRange = {
  from: dateTime(scene.from * 1000),
  to: dateTime(scene.to * 1000),
  raw: { from: dateTime(scene.from * 1000), to: dateTime(scene.to * 1000) },
};

for (const level of ['error', 'warn'] as const) {
  const original = console[level].bind(console);
  console[level] = (...words: unknown[]) => {
    drawing.messages.push(`${level}: ${words.map(String).join(' ')}`.slice(0, 400));
    original(...words);
  };
}
