/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** "1" in builds that hold the page of fixtures. */
  readonly VITE_FIXTURES?: string;
}
