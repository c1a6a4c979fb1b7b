import { useWho } from '@/api/context';
import { QueryCard } from '@/features/card/QueryCard';
import { useCatalogue, useNames } from '@/features/catalogue/get-catalogue';
import { useProfile } from '@/features/profile/get-profile';
import { useNavigation } from '@/features/navigation';
import { en } from '@/strings/en';
import { Button } from '@/ui/Button';
import { Message } from '@/ui/states';
import { areaRows, focusOf } from './rules';
import { SkillProgressOverview } from './SkillProgressOverview';
import { useLastVisit } from './use-last-visit';

const SKELETON = Array.from({ length: 6 }, () => 'h-14 w-full');

export function SkillsCard({ className }: { className?: string }) {
  const { userId } = useWho();
  const profile = useProfile();
  const catalogue = useCatalogue();
  const names = useNames();
  const { openConcept, hrefOfConcept } = useNavigation();
  const rows = profile.data ? areaRows(profile.data, catalogue.data) : [];
  const lastVisit = useLastVisit(userId, rows);
  const focus = focusOf(rows);
  const weakest = profile.data?.skillProfile.weak_areas.find(
    (one) => one.area === focus?.area,
  )?.concepts[0];
  const mastered = profile.data?.skillProfile.mastered_concepts.length ?? 0;
  const cold = (
    <Message title={en.skills.cold}>{en.skills.coldHelp}</Message>
  );

  return (
    <QueryCard
      title={en.skills.title}
      id="skills"
      className={className}
      queries={[profile, catalogue]}
      skeleton={SKELETON}
      cold={cold}
      aside={en.skills.mastered(mastered, catalogue.data?.concepts.length ?? 0)}
      action={
        weakest && (
          <Button onClick={() => openConcept(weakest)}>
            {en.skills.practise(names.concept(weakest))}
          </Button>
        )
      }
    >
      {() =>
        profile.data && rows.some((row) => row.level.evidence > 0) ? (
          <SkillProgressOverview
            profile={profile.data}
            {...(catalogue.data ? { catalogue: catalogue.data } : {})}
            lastVisit={lastVisit}
            onOpenConcept={openConcept}
            hrefOfConcept={hrefOfConcept}
          />
        ) : (
          cold
        )
      }
    </QueryCard>
  );
}
