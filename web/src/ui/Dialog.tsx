// The browser's own modal dialog: it traps focus, gives it back, closes on
// Escape and makes the rest inert. (Radix' one writes a <style> element, which
// a policy without unsafe-inline refuses.)
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { en } from '@/strings/en';
import { Button } from './Button';

interface Props {
  open: boolean;
  title: string;
  onClose: () => void;
  children: ReactNode;
}

export function Dialog({ open, title, onClose, children }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const dialog = box.current;
    if (!dialog) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog
      ref={box}
      aria-labelledby={heading}
      onClose={onClose}
      className="m-auto max-h-[85dvh] w-[min(36rem,calc(100vw-2rem))] overflow-auto rounded-card border border-line bg-surface p-5 text-ink shadow-xl"
    >
      {open && (
        <div className="flex flex-col gap-4">
          <div className="flex items-start justify-between gap-4">
            <h2 id={heading} className="text-lg">
              {title}
            </h2>
            <Button small look="quiet" onClick={onClose}>
              {en.common.close}
            </Button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  );
}
