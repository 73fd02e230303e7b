/** What the server puts around the loader, for the inbox it was asked for. */
declare const PARLEY_CONFIG: {
  base: string;
  key: string;
  colour: string;
  on_colour: string;
  texts: Record<string, Record<string, string>>;
};
