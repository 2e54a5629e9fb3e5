function Update-AgentNote {
    <#
    .SYNOPSIS
    Changes what a machine's notes hold: -Change gets what Read-AgentNote gives, and writes into it.
    .DESCRIPTION
    -Change sees the caller's variables, and these: hence their names.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param(
        [Parameter(Mandatory = $true)] [Alias('Id')] [string] $NoteOwner,
        [Parameter(Mandatory = $true)] [Alias('Change')] [scriptblock] $NoteChange
    )
    $noteMachine = Get-AgentVm -Id $NoteOwner
    $noteRead = Read-AgentNote -Text $noteMachine.Notes
    $null = & $NoteChange $noteRead
    $noteText = Format-AgentNote -Note $noteRead
    if (-not (Test-AgentSameText -Value $noteText -Other ([string]$noteMachine.Notes))) { Set-VM -VM $noteMachine -Notes $noteText }
}
