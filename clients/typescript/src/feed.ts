/** A value that changes, read by many: it lives while somebody reads it. */

/** Run soon, at most once per painted frame. */
export function schedule(work: () => void): void {
  const visible = typeof document !== "undefined" && document.visibilityState === "visible";
  if (visible && typeof requestAnimationFrame === "function") requestAnimationFrame(work);
  else setTimeout(work, 50);
}

// A screen that is left and entered again finds its feeds still running.
const LINGER_MS = 2_000;

/** A shared value: started by its first reader, stopped soon after its last one left. */
export abstract class Feed<T> {
  readonly #listeners = new Set<() => void>();
  #value: T;
  #stop: (() => void) | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;
  #notifying = false;
  #make: (() => T) | undefined;

  constructor(initial: T) {
    this.#value = initial;
  }

  /** The value now; the same object until it changes. */
  readonly get = (): T => this.#value;

  /** Be told when it changes, at most once per painted frame; returns how to stop. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    clearTimeout(this.#lingering);
    this.#stop ??= this.start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#lingering = setTimeout(this.dispose, LINGER_MS);
    };
  };

  /** Begin to change; returns how to stop. */
  protected abstract start(): () => void;

  /** Replace the value. */
  protected set(value: T): void {
    this.#value = value;
    this.#notify();
  }

  /** Replace the value by what `make` returns at the next painted frame. */
  protected settle(make: () => T): void {
    this.#make = make;
    this.#notify();
  }

  #notify(): void {
    if (this.#notifying) return;
    this.#notifying = true;
    schedule(() => {
      this.#notifying = false;
      const make = this.#make;
      this.#make = undefined;
      if (make) this.#value = make();
      for (const listener of this.#listeners) listener();
    });
  }

  /** Stop changing at once, whoever still reads it. */
  readonly dispose = (): void => {
    clearTimeout(this.#lingering);
    this.#stop?.();
    this.#stop = undefined;
  };
}
