import type { ReactNode } from 'react';
import type { Catalogue, PersonalizationProfile } from '@/api/types';
import { namesOf } from '@/features/catalogue/get-catalogue';
import { useFilter } from '@/lib/filters';
import type { Seen } from '@/lib/visits';
import { en } from '@/strings/en';
import { buttonClass } from '@/ui/Button';
import { AreaLine } from './AreaLine';
import { areaRows, movementOf, type AreaRow } from './rules';

export interface SkillProgressOverviewProps {
  profile: PersonalizationProfile;
  /** Names of areas and skills; without it, names are made from their ids. */
  catalogue?: Catalogue;
  /** What was seen the last time; without it, movement is of four weeks. */
  lastVisit?: Seen | null;
  /** Called with a skill that the learner wants to look into. */
  onOpenConcept?: (concept: string) => void;
  /** Its address, where it has one. */
  hrefOfConcept?: (concept: string) => string;
}

function Concepts(props: SkillProgressOverviewProps & { row: AreaRow }) {
  const { profile, catalogue, row, onOpenConcept, hrefOfConcept } = props;
  const mastered = new Set(profile.skillProfile.mastered_concepts);
  const concepts = catalogue?.concepts.filter((x) => x.area === row.area) ?? [];
  return (
    <ul
      aria-label={en.skills.concepts}
      className="flex flex-wrap gap-1.5 px-1 pt-1 pb-3"
    >
      {concepts.map(({ id, name }) => {
        const label: ReactNode = (
          <>
            {name}
            {mastered.has(id) && (
              <span className="text-accent">
                <span aria-hidden="true">✓</span>
                <span className="sr-only">{en.skills.isMastered}</span>
              </span>
            )}
          </>
        );
        const look = `${buttonClass('plain', true)} border-line`;
        return (
          <li key={id}>
            {onOpenConcept ? (
              <a
                className={look}
                href={hrefOfConcept?.(id) ?? '#'}
                onClick={(event) => {
                  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                  event.preventDefault();
                  onOpenConcept(id);
                }}
              >
                {label}
              </a>
            ) : (
              <span className={look}>{label}</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Where a learner stands in each area, and how sure that is. */
export function SkillProgressOverview(props: SkillProgressOverviewProps) {
  const { profile, catalogue, lastVisit = null } = props;
  const [open, setOpen] = useFilter('skills');
  const rows = areaRows(profile, catalogue);
  const names = namesOf(catalogue);
  return (
    <div className="flex flex-col gap-2">
      <ul className="-mx-1 lg:columns-2 lg:gap-8 [&>li]:break-inside-avoid">
        {rows.map((row) => (
          <AreaLine
            key={row.area}
            row={row}
            name={names.area(row.area)}
            movement={movementOf(row, lastVisit)}
            open={open === row.area}
            onToggle={() => setOpen(open === row.area ? null : row.area)}
          >
            <Concepts {...props} row={row} />
          </AreaLine>
        ))}
      </ul>
      <p className="text-sm text-soft">{en.skills.how}</p>
    </div>
  );
}
