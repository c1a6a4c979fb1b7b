export const card = {
  common: {
    close: 'Close',
    notice: 'Notice',
    closeNotice: 'Close this notice',
    cancel: 'Cancel',
    save: 'Save',
    saved: 'Saved',
    refused: (why: string) => `That was not saved: ${why}`,
  },
  states: {
    loading: 'Loading',
    failed: 'This could not be loaded',
    broken: 'This part of the page broke. The others go on.',
    retry: 'Try again',
    retrying: 'Trying again',
    denied: 'This is not open to you',
    deniedHelp:
      'Your sign-in does not cover this. Ask whoever runs the platform, or sign in again.',
    stale: (since: string) => `Not up to date: last loaded ${since}.`,
  },
  levels: {
    beginner: 'Beginner',
    intermediate: 'Intermediate',
    advanced: 'Advanced',
    expert: 'Expert',
  },
  contentTypes: {
    course: 'Course',
    lesson: 'Lesson',
    assessment: 'Assessment',
    character: 'Character session',
    review: 'Review',
  },
};
