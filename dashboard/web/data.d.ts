/* What Python sends to each component as its data, and what Streamlit hands to a component's script. For the type
   checker alone: nothing of this reaches a page. tests/dashboard/test_component_data.py holds it against what the
   components are really sent. */

/** What a component is mounted in. Its markup is the component's own, so what it looks for is there. */
export interface Root extends ParentNode {
  querySelector(selector: string): any;
}

/** What a component's script is called with. */
export interface Mount<Data> {
  data: Data;
  parentElement: Root;
  setTriggerValue(name: string, value: unknown): void;
  setStateValue(name: string, value: unknown): void;
}

export type Report = Mount<unknown>["setTriggerValue"];
export type Side = "left" | "right";

/** A model, as lanes.py describes it; `weights` is an address, "" where there is no network for the page. */
export interface LaneData {
  title: string;
  short: string;
  color: string;
  color_dark: string;
  weights: string;
}

/** What images are: channels, height, width. */
export type ImageShape = [number, number, number];

/** The test images that a page's components share, see lanes.py; `sprite` is an address. */
export interface ImagesData {
  shape: ImageShape;
  sprite: string;
  classes: string[];
  class_colors: string[];
  class_word: string;
}

export interface ReportAddressData {
  root: string;
}

export interface CopyLinkData {
  label: string;
  done: string;
  failed: string;
}

export interface FormulaData {
  mathml: string;
}

export interface ColorSchemeData {
  dark: boolean;
}

export interface PadData {
  shape: ImageShape;
  /** The colour of an empty pad, a byte a channel. */
  ground: number[];
  hint: string;
  label: string;
  image: string;
}

export interface PickerData {
  url: string;
  columns: number;
  names: string[];
}

export interface PictureData {
  label: string;
  busy: string;
  file: string;
}

export interface PublishData extends ImagesData {
  label: number;
  index: number;
  topic: string;
}

/** Figures of one network at one weight, nats per image. */
export interface Figures {
  distortion: number;
  rate: number;
  rate_per_dim: number[];
  active_units: number;
}

export interface CurvePoint extends Figures {
  beta: number;
}

export interface TrainedBeta extends CurvePoint {
  run_id: string;
  weights: string;
  neg_elbo: number;
  where: "shipped" | "server" | "browser";
  /** The lowest and the highest over seeds. */
  spread?: { seeds: number; rate: number[]; distortion: number[]; neg_elbo: number[] };
}

/** A network that was trained in this browser and is kept there under `key`. */
export interface LocalBeta extends TrainedBeta {
  key: string;
  epochs: number;
  seconds: number;
}

/** What the page needs to train networks itself. */
export interface InPage extends PageTrainingSource {
  /** Whether releasing the knob starts a training. */
  auto: boolean;
  /** Seconds; where a training takes longer, the server is asked to do it. */
  patience: number;
  /** Whether there is a server that can train. */
  server: boolean;
}

/** A RunConfig, core/config.py, as far as training in the page reads it. */
export interface TrainingConfig {
  model: "ae" | "vae" | "multirate";
  latent_dim: number;
  activation: string;
  likelihood: "bernoulli" | "gaussian" | "calibrated";
  beta: number | null;
  reduction: "sum" | "mean";
  free_bits: number;
  warmup_epochs: number;
  noise: number;
  epochs: number;
  batch_size: number;
  learning_rate: number;
  schedule: string;
  optimiser: string;
  averaging: number;
  [other: string]: unknown;
}

/** One layer, as core/models/trunks.py describes it. */
export interface LayerDescription {
  kind: string;
  inputs: number;
  outputs: number;
  kernel?: number;
  stride?: number;
  padding?: number;
}

export interface PageTrainingSource {
  script: string;
  start: {
    config: TrainingConfig;
    layers: { encoder: LayerDescription[]; decoder: LayerDescription[]; shape?: ImageShape };
    images: { url: string; train: number; test: number; columns: number };
    seed: number;
    /** How many workers train; left out, as many as the machine has cores for, see client.js. */
    workers?: number;
  };
}

/** A model that is trained in the page. */
export interface SpaceTrainingLane extends PageTrainingSource {
  title: string;
  short: string;
  color: string;
  color_dark: string;
}

export interface SpaceTrainingData extends ImagesData {
  key: string;
  arrays: string;
  n: number;
  lanes: SpaceTrainingLane[];
}

export interface TrainingData {
  beta: number;
  run_id: string;
  where: "server" | "browser";
  epoch: number;
  epochs: number;
  path: Figures[];
  /** The epoch after which the last figures in `path` were measured. */
  measured: number;
  preview: string;
}

export interface BetaLabData {
  key: string;
  beta: number;
  sequence: number;
  compact: boolean;
  training: TrainingData | null;
  /** Training in the page; null where it is not offered. */
  in_page: InPage | null;
  latent_dim: number;
  prediction: { run_id: string; weights: string; curve: CurvePoint[] } | null;
  trained: TrainedBeta[];
  sprite: string;
  shape: ImageShape;
  arrays: string;
  n: number;
  class_colors: string[];
  color: string;
  color_dark: string;
  ae_color: string;
  ae_color_dark: string;
  ae_distortion: number | null;
  active: number;
}

export interface Colouring {
  id: string;
  label: string;
  unit: string;
  note: string;
  low: number;
  high: number;
  /** Names of the values 0, 1, ... of a factor; empty for figures. */
  levels: string[];
  /** Of each level; empty: evenly spaced on the ramp. */
  colors: string[];
}

export interface MapData extends LaneData {
  caption: string;
  native: boolean;
  dim: number;
  /** Ids of the colourings that are figures of this map's model. */
  own: string[];
}

export interface MapsData extends ImagesData, SettingsData<{ pictures: boolean }> {
  key: string;
  arrays: string;
  colourings: Colouring[];
  left: MapData;
  right: MapData;
  height: number;
  start: number;
  layers_note: string;
  plain: boolean;
  can_open: boolean;
}

export interface MathsStep {
  id: string;
  title: string;
  cells: { formula: string; source: { file: string; name: string; lines: [number, string][] } }[];
}

export interface MathsData {
  left: LaneData;
  right: LaneData;
  steps: MathsStep[];
  topic: string;
}

export interface NeighboursData {
  lanes: LaneData[];
  classes: string[];
  judge: string;
  topic: string;
  step: number;
  rates: boolean;
  conclusions: Record<string, string>;
  arrays: string;
}

export interface PlanesData extends ImagesData {
  left: LaneData;
  right: LaneData;
  judge: string;
  topic: string;
  mode: string;
  arrays: string;
}

export interface PresenterData {
  scene: string;
  place: number;
  total: number;
  title: string;
  next: string;
  notes: string;
  answer: string;
  choices: string[];
  seconds: number;
  present: boolean;
  revealed: boolean;
  auto: boolean;
  url: string;
  qr: string;
}

export interface ScrubberLane {
  title: string;
  short: string;
  color: string;
  color_dark: string;
  sprite: string;
  reach: number;
  native: boolean;
  history: { distortion: number; rate: number | null; neg_elbo: number | null; mse: number }[];
}

export interface ScrubberData {
  key: string;
  epochs: number;
  arrays: string;
  class_colors: string[];
  reconstructions: number;
  lanes: ScrubberLane[];
}

export interface EncodeDecodeLane extends LaneData {
  native: boolean;
  map_label: string;
}

export interface EncodeDecodeData extends ImagesData {
  left: EncodeDecodeLane;
  right: EncodeDecodeLane;
  topic: string;
  arrays: string;
  thumbs: number[];
  start: number;
  upload: { id: string; name: string; pixels: number[] } | null;
}

/** Settings that a component shares with the page, see settings.js. */
export interface SettingsData<Values> {
  values: Values;
  sequence: number;
}

/** What random samples are drawn from and how; the URL's parameters have the same names. */
export type SampleSettings = {
  source: string;
  class: string;
  temperature: number;
  noise: number;
  number: number;
  nearest: boolean;
  vae_prior: boolean;
};

/** The quality of samples from one source at one temperature. */
export interface SampleFigures {
  source: string;
  temperature: number;
  /** As text, rounded as everywhere on the pages. */
  fd: string;
  density: string;
  coverage: string;
}

export interface SamplerLane extends LaneData {
  figures: SampleFigures[];
  /** Address of samples that are stored with the run, by source: of temperature 1 and seed 0. */
  stills: Record<string, string>;
}

export interface SamplerData extends SettingsData<SampleSettings> {
  /** Of the images. */
  shape: ImageShape;
  left: SamplerLane;
  right: SamplerLane;
  latent_dim: number;
  /** Address of the densities of both models. */
  arrays: string;
  sources: { id: string; about: string }[];
  classes: string[];
  class_word: string;
  /** Which of the classes have a density in `arrays`. */
  drawable: boolean[];
  numbers: number[];
  most: number;
  /** Address of the training images that samples are compared with, and their number. */
  reference: string;
  references: number;
  /** Address of the classifier, "" without one. */
  judge: string;
  /** What the figures say, by the sources of both models. */
  verdicts: { left: string; right: string; temperature: number; text: string }[];
  /** Why there are no figures; "" where they are measured. */
  unmeasured: string;
  figure_help: { fd: string; density: string; coverage: string };
}

/** A path between two images; the URL's parameters have the same names. A drawing takes the place of a test image. */
export type PathSettings = {
  a: number;
  b: number;
  a_drawn: string;
  b_drawn: string;
  way: string;
  steps: number;
  at: number;
};

export interface InterpolatorData extends ImagesData, SettingsData<PathSettings> {
  left: LaneData;
  right: LaneData;
  /** Address of the classes of the test images. */
  arrays: string;
  /** How many test images there are, and how many of them the gallery shows. */
  count: number;
  gallery: number;
  /** The fewest and the most frames. */
  frames: [number, number];
  ways: string[];
  /** Address of the training images that frames are compared with, and their number. */
  reference: string;
  references: number;
  /** What is said of the midpoint, by which is closest; distances within this share of the smallest are equal. */
  verdicts: { pixels: string; both: string; left: string; right: string };
  tolerance: number;
}

export interface TraverseLane extends LaneData {
  order: number[];
  inactive: boolean[];
  weight_text: string[];
  /** What each latent number follows of the known factors; empty where none are known. */
  factor_text: string[];
  range: [number, number][];
}

export interface TraverseData {
  left: TraverseLane;
  right: TraverseLane;
  topic: string;
}

/** A plotly figure as JSON, as far as chart.js reads it. More is sent. */
export interface Figure {
  data: Trace[];
  layout: Layout;
}

export interface Stroke {
  color?: string;
  width?: number;
  dash?: string;
}

export interface Marker {
  color?: any;
  size?: number;
  symbol?: string;
  opacity?: any;
  line?: Stroke;
}

export type ChartValue = string | number | null | undefined;

export interface Trace {
  type: string;
  x: ChartValue[];
  y: ChartValue[];
  name?: string;
  legendgroup?: string;
  showlegend?: boolean;
  mode?: string;
  opacity?: number;
  text?: any;
  textfont?: { color?: string; size?: number };
  hoverinfo?: string;
  hovertemplate?: any;
  line?: Stroke;
  marker?: Marker;
  width?: any;
  [more: string]: any;
}

/** A line in the chart; xref and yref say what the places are relative to. */
export interface Shape {
  x0: ChartValue;
  x1: ChartValue;
  y0: ChartValue;
  y1: ChartValue;
  xref?: string;
  yref?: string;
  line?: Stroke;
  [more: string]: any;
}

export interface Annotation {
  x: any;
  y: any;
  xref?: string;
  yref?: string;
  text: string;
  font?: { color?: string; size?: number };
  xanchor?: string;
  yanchor?: string;
  xshift?: number;
  yshift?: number;
  [more: string]: any;
}

export interface ChartAxis {
  type?: string;
  range?: any;
  rangemode?: string;
  tickvals?: (string | number)[];
  ticktext?: string[];
  tickformat?: string;
  dtick?: any;
  title?: { text?: string; [more: string]: any };
  showgrid?: boolean;
  gridcolor?: string;
  tickcolor?: string;
  [more: string]: any;
}

export interface Layout {
  height?: number;
  font?: { size?: number; color?: string; [more: string]: any };
  margin?: { t?: number; r?: number; [more: string]: any };
  bargap?: number;
  showlegend?: boolean;
  legend?: { font?: { size?: number; [more: string]: any }; [more: string]: any };
  xaxis?: ChartAxis;
  yaxis?: ChartAxis;
  shapes?: Shape[];
  annotations?: Annotation[];
  [more: string]: any;
}

export interface ChartData {
  figure: Figure;
  alt: string;
}

/** What components publish under a topic: the image that a page is about. */
export interface SharedImage {
  shape?: ImageShape;
  image: Float32Array;
  info: ImageInfo;
}

export interface ImageInfo {
  source: "test" | "upload" | "drawing";
  index?: number;
  name?: string;
  edited?: boolean;
}
