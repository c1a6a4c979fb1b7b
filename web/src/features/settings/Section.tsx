import type { ReactNode } from 'react';

interface Props {
  title: string;
  help?: string;
  children?: ReactNode;
}

export function Section({ title, help, children }: Props) {
  return (
    <div className="flex min-w-0 flex-col gap-2 border-t border-line pt-3">
      <h3>{title}</h3>
      {help && <p className="max-w-prose text-sm text-soft">{help}</p>}
      {children}
    </div>
  );
}
