import { QueryCard } from '@/features/card/QueryCard';
import { useCatalogue, useNames } from '@/features/catalogue/get-catalogue';
import { useNavigation } from '@/features/navigation';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Message } from '@/ui/states';
import { AnswersTable } from './AnswersTable';
import { useAnswers } from './api/get-concept';
import { BeliefCard } from './BeliefCard';
import { lineOf } from './rules';

function Head({ concept }: { concept: string }) {
  const { data } = useCatalogue();
  const names = useNames();
  const { openConcept, hrefOfConcept } = useNavigation();
  const found = data?.concepts.find((x) => x.id === concept);
  return (
    <div className="flex flex-col gap-1">
      <h2 className="text-2xl">{names.concept(concept)}</h2>
      {found && (
        <p className="text-soft">
          {names.area(found.area)} · {en.levels[found.level]} · {found.can_do}
        </p>
      )}
      {found && found.prerequisites.length > 0 && (
        <p className="text-sm text-soft">
          {en.concept.needs}:{' '}
          {found.prerequisites.map((id, i) => (
            <span key={id}>
              {i > 0 && ', '}
              <a
                href={hrefOfConcept(id)}
                className="inline-block min-h-6 text-accent underline underline-offset-2"
                onClick={(event) => {
                  event.preventDefault();
                  openConcept(id);
                }}
              >
                {names.concept(id)}
              </a>
            </span>
          ))}
        </p>
      )}
    </div>
  );
}

/** From a skill down to the answers behind it. */
export function ConceptPage({ concept }: { concept: string }) {
  const answers = useAnswers(concept);
  const events = answers.data?.pages.flatMap((page) => page.events) ?? [];
  const none = (
    <Message title={en.concept.noAnswers}>{en.concept.noAnswersHelp}</Message>
  );
  return (
    <div className="flex flex-col gap-4">
      <Head concept={concept} />
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <BeliefCard concept={concept} />
        <QueryCard
          title={en.concept.answers}
          queries={[answers]}
          skeleton={['h-64 w-full']}
          cold={none}
        >
          {() =>
            events.length ? (
              <>
                <AnswersTable lines={events.map(lineOf)} />
                {answers.hasNextPage && (
                  <Button
                    small
                    className="self-start"
                    busy={answers.isFetchingNextPage}
                    onClick={() => void answers.fetchNextPage()}
                  >
                    {en.concept.older}
                  </Button>
                )}
              </>
            ) : (
              none
            )
          }
        </QueryCard>
      </div>
    </div>
  );
}
