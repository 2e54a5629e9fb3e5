# How PSScriptAnalyzer reads the agent: all rules, syntax of Windows PowerShell 5.1.
@{
    Severity     = @('Error', 'Warning', 'Information')
    # The functions answer a job: nobody is there to be asked, and a plan is made by the relay.
    ExcludeRules = @('PSUseShouldProcessForStateChangingFunctions')
    Rules        = @{
        PSUseCompatibleSyntax = @{ Enable = $true; TargetVersions = @('5.1', '7.0') }
    }
}
