import { useId } from 'react';

interface Props {
  label: string;
  value: number;
  least: number;
  most: number;
  step: number;
  text: string;
  onChange: (value: number) => void;
}

/** The browser's own range input: arrows, Home, End and Page keys work. */
export function Slider({ label, value, least, most, step, text, onChange }: Props) {
  const id = useId();
  return (
    <div className="flex flex-col gap-1">
      <div className="flex justify-between gap-3">
        <label htmlFor={id}>{label}</label>
        <span className="font-semibold">{text}</span>
      </div>
      <input
        id={id}
        type="range"
        min={least}
        max={most}
        step={step}
        value={value}
        aria-valuetext={text}
        onChange={(event) => onChange(Number(event.target.value))}
        className="h-7 w-full cursor-pointer accent-accent"
      />
    </div>
  );
}
